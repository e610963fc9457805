"""The earlier turns of a conversation, as a follow-up is read against them."""

from typing import Protocol

from copilot.followup import MOST_TURNS, Turn
from copilot.instructions import attack_in
from copilot.record import KeptOutcome
from copilot.schemas import OutcomeJson
from copilot.withdrawn import as_readable
from governance.principal import Principal
from governance.visible_catalog import VisibleCatalog

_MOST_SAID = 2000


class Earlier(Protocol):
    """Where earlier turns are found."""

    def turns(self, principal: Principal, conversation_id: str) -> tuple[Turn, ...]:
        """The last turns of this very asker's conversation, oldest first."""


class KeptTurns(Protocol):
    """What keeps outcomes."""

    def latest_turns(
        self, principal: Principal, conversation_id: str, most: int | None = None
    ) -> tuple[KeptOutcome, ...]:
        """The last turns of a conversation of this very asker, oldest first."""


class Conversations:
    """Conversations as they were kept: questions without personal data, sources still readable.

    Another person's conversation does not exist; its id used by somebody else begins a new one.
    """

    def __init__(self, records: KeptTurns, visible: VisibleCatalog) -> None:
        self._records = records
        self._visible = visible

    def turns(self, principal: Principal, conversation_id: str) -> tuple[Turn, ...]:
        """The last `MOST_TURNS` turns, oldest first; none where there is no such conversation."""
        kept = self._records.latest_turns(principal, conversation_id, MOST_TURNS)
        turns = [
            _turn(as_readable(OutcomeJson.model_validate(one.body), principal, self._visible))
            for one in kept
        ]
        # What tried to command the assistant once is not carried into other questions.
        return tuple(one for one in turns if attack_in(one.question) is None)


def _turn(outcome: OutcomeJson) -> Turn:
    shown = outcome.citations[:1] if outcome.kind == "escalation" else outcome.citations
    said = " ".join(
        " ".join([one.title, *one.heading_path, one.quote[:_MOST_SAID]]) for one in shown
    )
    return Turn(
        question=outcome.standalone_question,
        kind=outcome.kind,
        said=said[: 2 * _MOST_SAID],
        options=tuple(outcome.options),
    )
