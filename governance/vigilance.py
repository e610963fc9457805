"""What each answer says about who asked for it: the eyes of `abuse`.

It looks at status and address of what was answered, never at a question or a text.
"""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from governance.abuse import AbuseWatch, Asker, SecurityEvents
from governance.abuse_policy import Signal
from governance.identity import Identity, Refusal
from governance.principal import Principal

_NOT_FOUND = 404
_LIMITED = 429
_FAILED = 400
_REFUSALS = frozenset(one.value for one in Refusal)

GIVEN = "given"
"""Where in a request's state a route says how many passages or documents it gave."""
SUSPICIOUS = "suspicious"
"""Where in a request's state a route says that a question carried instructions."""
HELD_OFF = "held_off"
"""Where in a request's state it says that the asker is being held off already."""

Scope = MutableMapping[str, Any]


def askers_of(principal: Principal) -> tuple[Asker, ...]:
    """Whose doings a principal's are: its own, and those of whoever stands behind it.

    What an API key does is its maker's as well; what somebody on a host's page does counts for the
    page's API key as well, among the many that it minted for.
    """
    roles = tuple(sorted(role.value for role in principal.roles))
    names = dict.fromkeys((principal.subject, principal.counted_as))
    askers = [Asker(tenant=principal.tenant, name=name, roles=roles) for name in names]
    if principal.minted_by:
        page = f"widgets of key:{principal.minted_by}"
        askers.append(Asker(tenant=principal.tenant, name=page, roles=roles, many=True))
    return tuple(askers)


class Vigilance:
    """Counts what askers do, and has told what crosses a threshold.

    `later` does a thing that may take a moment: nothing here makes an answer wait.
    """

    def __init__(
        self,
        *,
        watch: AbuseWatch,
        events: SecurityEvents,
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._watch = watch
        self._events = events
        self._later = later

    def answered(self, scope: Scope, status: int) -> None:
        """Take note of an answer after it was sent."""
        identity: Identity | None = scope["state"].get("identity")
        if identity is not None:
            for signal, amount in doings_of(scope, status):
                for asker in askers_of(identity.principal):
                    self._note(asker, signal, amount)

    def denied(self, principal: Principal | None, source: str, reason: str) -> None:
        """Take note of a denial; `source` is a name for where it came from."""
        # Who came beyond a limit is on the record as denied too, and counts as a burst.
        if reason not in _REFUSALS:
            return
        # Only who holds a valid credential is counted for it: an old one proves whose it was, and
        # whoever has found it would have its owner accused and held off.
        known = principal if reason == Refusal.FORBIDDEN.value else None
        for asker in askers_of(known) if known else (Asker(tenant="", name=source),):
            self._note(asker, Signal.DENIALS, 1)

    def _note(self, asker: Asker, signal: Signal, amount: int) -> None:
        crossing = self._watch.note(asker, signal, amount)
        if crossing is not None:
            self._later(lambda: self._events.tell(crossing))


def doings_of(scope: Scope, status: int) -> Iterator[tuple[Signal, int]]:
    """What an answer to somebody counts as, besides denials."""
    state = scope["state"]
    by_id = "{" in str(getattr(scope.get("route"), "path", ""))
    if status == _NOT_FOUND and by_id:
        yield Signal.PROBING, 1
    # Who is held off anyway would otherwise be held off for that again and again.
    elif status == _LIMITED and not state.get(HELD_OFF):
        yield Signal.BURSTS, 1
    elif status < _FAILED:
        given = state.get(GIVEN, int(by_id and scope["method"] == "GET"))
        if given:
            yield Signal.EXPORT, given
        if state.get(SUSPICIOUS):
            yield Signal.ATTACKS, 1
