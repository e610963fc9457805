"""Everything about who comes in, put together over one database and one secret."""

from functools import cached_property

from foundation.afterwards import Afterwards
from foundation.clock import Clock
from foundation.database import Database
from governance.api_keys import ApiKeys
from governance.authentication import Authenticator, PeopleTokens
from governance.denials import Denials
from governance.house_secret import derived_key
from governance.local_tokens import TokenAuthority
from governance.revocations import Revocations
from governance.widget_tokens import WidgetTokens


class Access:
    """The keys, the tokens, who ended them and who was turned away. Close it when done.

    `tokens` are the house's own; with a `jwks_url` people's tokens come from its issuer, and only
    from there.
    """

    def __init__(  # noqa: PLR0913 - one keyword a part
        self,
        *,
        database: Database,
        clock: Clock,
        secret: str,
        issuer: str,
        audience: str,
        jwks_url: str | None = None,
    ) -> None:
        self._clock = clock
        self._secret = secret
        self._issuer = issuer
        self._audience = audience
        self._jwks_url = jwks_url
        self._database = database
        self.afterwards = Afterwards()
        self.api_keys = ApiKeys(database, clock, self.afterwards)
        self.revocations = Revocations(database, clock)

    @cached_property
    def widget_tokens(self) -> WidgetTokens:
        """Mints and verifies the tokens of people on a host's page."""
        return WidgetTokens(
            database=self._database,
            key=derived_key(self._secret, "widget tokens"),
            issuer=self._issuer,
            audience=self._audience,
            clock=self._clock,
        )

    @cached_property
    def denials(self) -> Denials:
        """Puts on the record who was turned away."""
        return Denials(
            database=self._database,
            clock=self._clock,
            key=derived_key(self._secret, "client addresses"),
            afterwards=self.afterwards,
        )

    @cached_property
    def authenticator(self) -> Authenticator:
        """From a bearer to who is asking.

        Raises `ConfigurationError` where the issuer's keys cannot be had.
        """
        return Authenticator(
            database=self._database,
            people=self._people(),
            api_keys=self.api_keys,
            widget_tokens=self.widget_tokens,
            revocations=self.revocations,
        )

    def close(self) -> None:
        """Write what is still to be written."""
        self.afterwards.close()

    def _people(self) -> PeopleTokens:
        if self._jwks_url is None:
            return TokenAuthority(
                secret=self._secret,
                issuer=self._issuer,
                audience=self._audience,
                clock=self._clock,
            )
        from governance.jwks import IssuerKeys, IssuerTokens

        return IssuerTokens(
            keys=IssuerKeys(self._jwks_url),
            issuer=self._issuer,
            audience=self._audience,
            clock=self._clock,
        )
