"""From what came as a bearer to who is asking: the one door for every kind of credential."""

from typing import Protocol

from sqlalchemy import Connection

from foundation.database import Database
from governance.api_keys import PREFIX, ApiKeys
from governance.identity import ForbiddenError, Identity, Refusal, UnauthenticatedError
from governance.origins import Sender
from governance.revocations import Revocations
from governance.signed_tokens import WIDGET_TYPE, Header, header_of
from governance.widget_tokens import WidgetTokens


class PeopleTokens(Protocol):
    """Whoever verifies people's tokens: this house's own, or those of another issuer."""

    def identify(self, token: str, header: Header) -> Identity:
        """Whom a token proves; raises `UnauthenticatedError`."""

    def waits(self, token: str) -> bool:
        """Whether this token may have to wait until another machine was asked."""


class Authenticator:
    """Knows each kind of credential by its looks, and asks the one verifier that is for it.

    A look chooses who verifies, and never how: each verifier has its own key, algorithm and
    audience, so what is passed off as another kind is refused there.
    """

    def __init__(
        self,
        *,
        database: Database,
        people: PeopleTokens,
        api_keys: ApiKeys,
        widget_tokens: WidgetTokens,
        revocations: Revocations,
    ) -> None:
        self._database = database
        self._people = people
        self._api_keys = api_keys
        self._widget_tokens = widget_tokens
        self._revocations = revocations

    def waits(self, bearer: str) -> bool:
        """Whether `identify` may wait for another machine: a database server, or an issuer."""
        if self._database.dialect != "sqlite":
            return True
        return not bearer.startswith(PREFIX) and self._people.waits(bearer)

    def identify(self, bearer: str, sender: Sender) -> Identity:
        """Whom the credential proves, at this moment.

        Raises `UnauthenticatedError`, `ForbiddenError` for a widget token from another page, and
        `StorageError` where it cannot be asked whether it was revoked: then nobody is let in.
        """
        if bearer.startswith(PREFIX):
            with self._database.read() as connection:
                return self._not_revoked(connection, self._api_keys.identify(connection, bearer))
        header = header_of(bearer)
        if header.type == WIDGET_TYPE:
            with self._database.read() as connection:
                identity = self._widget_tokens.identify(connection, bearer)
                self._not_revoked(connection, identity)
            return _on_its_page(identity, sender)
        identity = self._people.identify(bearer, header)
        with self._database.read() as connection:
            return self._not_revoked(connection, identity)

    def _not_revoked(self, connection: Connection, identity: Identity) -> Identity:
        if self._revocations.cover(connection, identity):
            raise UnauthenticatedError(reason=Refusal.REVOKED, proven=identity)
        return identity


def _on_its_page(identity: Identity, sender: Sender) -> Identity:
    if not sender.is_at(identity.origin):
        raise ForbiddenError(
            "this token is not for requests from here; the page that it was made for sends it",
            reason=Refusal.WRONG_ORIGIN,
            proven=identity,
        )
    return identity
