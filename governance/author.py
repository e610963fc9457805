"""Who changes documents, and in what standing: a person, the console, or the house by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governance.audit import Action, AuditEvent, event_of
from governance.principal import Principal


class Hand(StrEnum):
    """By which way a change comes. It decides what binds it, and the record says so."""

    PERSON = "person"
    """Somebody whom a token or a name stands for: bound by roles and by four eyes."""
    CONSOLE = "console"
    """Whoever has the data folder in hand. Rules that a file could undo would bind nobody."""
    HOUSE = "house"
    """Policy and time, with nobody's decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Whose deed a change is."""

    principal: Principal
    hand: Hand = Hand.PERSON

    @property
    def subject(self) -> str:
        """Who it is, in words that an approval may carry."""
        return self.principal.subject

    @property
    def tenant(self) -> str:
        """Of whom `subject` is one; empty where it is nobody in particular."""
        return self.principal.tenant if self.hand is Hand.PERSON else ""

    def event(
        self,
        *,
        at: datetime,
        action: Action,
        tenant: str,
        target: str,
        details: Mapping[str, object],
    ) -> AuditEvent:
        """What the record of `tenant` says of something that this author did."""
        if self.hand is Hand.PERSON:
            return event_of(
                self.principal, at=at, action=action, tenant=tenant, target=target, details=details
            )
        return AuditEvent(
            tenant=tenant,
            at=at,
            action=action,
            actor=self.subject,
            target=target,
            details={**details, "hand": self.hand.value},
        )


def console(subject: str = "command line") -> Author:
    """Whoever has the data folder in hand."""
    return Author(
        principal=Principal(subject=subject, tenant="", roles=frozenset()), hand=Hand.CONSOLE
    )


def house() -> Author:
    """The house itself, as policy and time have it."""
    return Author(
        principal=Principal(subject="policy", tenant="", roles=frozenset()), hand=Hand.HOUSE
    )
