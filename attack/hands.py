"""What people do to documents, through whatever door the house has for it."""

from collections.abc import Mapping
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
class Asking:
    """A deed as a request."""

    method: str
    path: str
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of a deed: an HTTP status, whichever door it went through, and the answer."""

    status: int
    text: str = ""

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return self.status < 300


def request_of(deed: Deed, document: str, note: str, version: int | None = None) -> Asking:
    """The request that a deed is."""
    if deed is Deed.DELETE:
        return Asking(method="DELETE", path=f"/v1/documents/{document}")
    body: dict[str, object] = {"note": note}
    if version is not None and deed is not Deed.WITHDRAW:
        body["version"] = version
    return Asking(method="POST", path=f"/v1/documents/{document}/{deed.value}", body=body)


def try_deed(door: Door, person: Person, deed: Deed, document: str, note: str = "") -> Tried:
    """Let somebody try a deed."""
    asking = request_of(deed, document, note)
    response = door.send(person, asking.method, asking.path, body=asking.body)
    return Tried(status=response.status_code, text=response.text)
