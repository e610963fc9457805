"""The section `approvals` of policy.yaml: who may approve alone, and when it is looked at again."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from governance.document import DocType

Days = Annotated[int, Field(ge=1, le=36_500)]


class ApprovalPolicy(BaseModel):
    """What an approval takes, and how long it is good for.

    `expire_when_overdue_days`: so many days after its review date an approved version expires by
    itself; None: never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    four_eyes_relaxed: frozenset[DocType] = frozenset()
    review_after_days: Mapping[DocType, Days] = Field(default_factory=dict)
    expire_when_overdue_days: Days | None = None
