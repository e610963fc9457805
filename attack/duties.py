"""Which deed is allowed to whom and when, as the requirements have it.

The table of roles, four eyes and the way of a version to its readers, once more: a deed that was
done and must not have been is as bad as a word that crossed.
"""

from datetime import date

from attack.hands import Deed
from attack.house import Person
from attack.oracle import KnownDocument, KnownVersion, Standing
from governance.principal import Role

_WRITES = frozenset({Role.PARTNER_ADMIN, Role.CONTENT_OWNER, Role.ADMIN})
_DECIDES = _WRITES | {Role.APPROVER}
MAY = {
    Deed.SUBMIT: _WRITES,
    Deed.APPROVE: _DECIDES,
    Deed.REJECT: _DECIDES,
    Deed.WITHDRAW: _DECIDES,
    Deed.DELETE: _WRITES,
}
_FROM = {
    Deed.SUBMIT: frozenset({Standing.DRAFT, Standing.WITHDRAWN, Standing.EXPIRED}),
    # What is approved may be confirmed once it is due to be looked at again.
    Deed.APPROVE: frozenset({Standing.IN_REVIEW, Standing.APPROVED}),
    Deed.REJECT: frozenset({Standing.IN_REVIEW}),
}


def is_hidden(person: Person, document: KnownDocument, known: dict[str, KnownDocument]) -> bool:
    """Whether a document is not there for somebody who wants to change it."""
    return document.id not in known or document.owner != person.tenant


def why_not(
    person: Person, deed: Deed, document: KnownDocument, version: KnownVersion, today: date
) -> str:
    """Why a deed must not be done to an own document; empty where it may be."""
    if person.role not in MAY[deed]:
        return f"a {person.role.value} may not {deed.value}"
    if deed in _FROM and version.standing not in _FROM[deed]:
        return f"what is {version.standing.value} cannot be the object of {deed.value}"
    over = version.ends is not None and version.ends < today
    if deed is Deed.SUBMIT and over and version.standing is Standing.EXPIRED:
        return "its own last day is over"
    if deed is Deed.APPROVE and version.submitted_by == person.subject:
        return "whoever submitted it must not approve it"
    beyond = version.audience - {"internal", f"tenant:{document.owner}"}
    if deed in (Deed.SUBMIT, Deed.APPROVE) and person.role is Role.PARTNER_ADMIN and beyond:
        return "a partner's admin speaks to its own people only"
    return ""
