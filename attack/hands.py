"""What people do to documents, through whatever door the house has for it."""

from dataclasses import dataclass
from enum import StrEnum

from attack.house import Door, Person
from foundation.errors import ConflictError, NotFoundError
from governance.approval import move
from governance.document import ApprovalState
from governance.identity import ForbiddenError
from governance.principal import Principal


class Deed(StrEnum):
    """A step on a document's way, named as its address is."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    DELETE = "delete"


_LEADS_TO = {
    Deed.SUBMIT: ApprovalState.IN_REVIEW,
    Deed.APPROVE: ApprovalState.APPROVED,
    Deed.REJECT: ApprovalState.DRAFT,
    Deed.WITHDRAW: ApprovalState.WITHDRAWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a deed: an HTTP status, whichever door it went through, and the answer."""

    status: int
    text: str = ""

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return self.status < 300


def try_deed(door: Door, person: Person, deed: Deed, document: str, note: str = "") -> Tried:
    """Let somebody try a deed over HTTP, or as the command line does it where HTTP cannot."""
    path, method = f"/v1/documents/{document}/{deed.value}", "POST"
    if deed is Deed.DELETE:
        path, method = f"/v1/documents/{document}", "DELETE"
    known = door.app.openapi()["paths"]
    template = path.replace(document, "{document_id}")
    if method.lower() in known.get(template, {}):
        body = {"note": note} if method == "POST" else None
        response = door.send(person, method, path, body=body)
        return Tried(status=response.status_code, text=response.text)
    return _without_http(door, person, deed, document, note)


def _without_http(door: Door, person: Person, deed: Deed, document: str, note: str) -> Tried:
    principal = Principal(
        subject=person.subject,
        tenant=person.tenant,
        roles=frozenset({person.role}),
        attributes=person.attributes,
    )
    catalog = door.house.catalog
    try:
        if deed is Deed.DELETE:
            catalog.erase(document)
        else:
            move(catalog, principal, document, _LEADS_TO[deed], note)
    except ForbiddenError:
        return Tried(status=403)
    except NotFoundError:
        return Tried(status=404)
    except ConflictError:
        return Tried(status=409)
    return Tried(status=200)
