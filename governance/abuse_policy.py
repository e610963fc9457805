"""The section `abuse` of policy.yaml: from when on what one asker does is told as suspicious."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Signal(StrEnum):
    """What is counted of an asker."""

    DENIALS = "denials"
    """Requests without a right to them: 401 and 403."""
    PROBING = "probing"
    """Ids that are not there, or not for this asker."""
    BURSTS = "bursts"
    """Requests beyond a limit."""
    EXPORT = "export"
    """Documents and passages opened, and passages found."""
    ATTACKS = "attacks"
    """Questions that carry instructions to the copilot."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Threshold(_Section):
    """How often within how long is too often, and for how long the asker is then held off."""

    count: Annotated[int, Field(ge=1, le=1_000_000_000)]
    minutes: Annotated[int, Field(ge=1, le=1_440)]
    throttle_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0


class AbusePolicy(_Section):
    """The thresholds. What they find is told; only `throttle_seconds` holds anybody off."""

    denials: Threshold = Threshold(count=30, minutes=10)
    probing: Threshold = Threshold(count=100, minutes=10)
    bursts: Threshold = Threshold(count=30, minutes=10)
    export: Threshold = Threshold(count=5_000, minutes=60)
    attacks: Threshold = Threshold(count=5, minutes=60)

    def of(self, signal: Signal) -> Threshold:
        """What is said about one signal."""
        found: Threshold = getattr(self, signal.value)
        return found
