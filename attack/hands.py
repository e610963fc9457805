"""What people do to documents, through whatever door the house has for it."""

from dataclasses import dataclass
from enum import StrEnum

from attack.house import Door, Person


class Deed(StrEnum):
    """A step on a document's way, named as its address is."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    DELETE = "delete"


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
    """Let somebody try a deed."""
    path, method = f"/v1/documents/{document}/{deed.value}", "POST"
    if deed is Deed.DELETE:
        path, method = f"/v1/documents/{document}", "DELETE"
    body = {"note": note} if method == "POST" else None
    response = door.send(person, method, path, body=body)
    return Tried(status=response.status_code, text=response.text)
