"""The sections `audit` and `retention` of policy.yaml: what is put on record, and for how long."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Days = Annotated[int, Field(ge=1, le=36_500)]


def _absolute(path: Path) -> Path:
    # A relative one would lie wherever the process happens to be started.
    if not path.is_absolute():
        message = "must be an absolute path"
        raise ValueError(message)
    return path


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wording(StrEnum):
    """Whether the audit holds what was said, or only that it was."""

    REDACTED = "redacted"
    NONE = "none"


class AuditPolicy(_Section):
    """What the audit says beside who, what and when."""

    questions: Wording = Wording.REDACTED
    answers: Wording = Wording.NONE
    searches: bool = True
    anchor_file: Annotated[Path, AfterValidator(_absolute)] | None = None


class RecordKind(StrEnum):
    """A class of record that is kept for so long and no longer."""

    OUTCOMES = "outcomes"
    ESCALATIONS = "escalations"
    FEEDBACK = "feedback"
    SEARCHES = "searches"
    AUDIT_DETAILS = "audit_details"
    JOBS = "jobs"
    NOTICES = "notices"


class RetentionPolicy(_Section):
    """Days until records of a class go. What a tenant under legal hold has stays whole."""

    outcomes_days: Days = 365
    escalations_days: Days = 730
    feedback_days: Days = 365
    searches_days: Days = 180
    audit_details_days: Days = 1095
    jobs_days: Days = 30
    notices_days: Days = 30
    legal_hold: frozenset[Annotated[str, Field(min_length=1, max_length=128)]] = frozenset()

    def days(self, kind: RecordKind) -> int:
        """How many days records of this class are kept."""
        return int(getattr(self, f"{kind.value}_days"))
