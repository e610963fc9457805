"""policy.yaml as a frozen model: what needs a person, who gets it, how fast.

Policy is data. It is validated as a whole, and an error names the line to mend.
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from foundation.errors import ConfigurationError
from foundation.plain_yaml import PlainYamlError, read_plain_yaml
from governance.abuse_policy import AbusePolicy
from governance.approval_policy import ApprovalPolicy
from governance.chat_policy import ChatModelPolicy
from governance.document import DocType
from governance.limit_policy import LimitPolicy
from governance.policy_findings import Finding, findings_of, told
from governance.principal import Principal
from governance.record_policy import AuditPolicy, RetentionPolicy
from governance.redaction import PersonalData
from governance.upload_policy import UploadPolicy

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
EscalationReason = Literal[
    "no_evidence",
    "low_confidence",
    "high_impact",
    "conflicting_sources",
    "ungrounded_draft",
    "model_unavailable",
    "user_request",
]
"""Why a question goes to a person, as the copilot says it."""
SHIPPED = "policy.yaml"
LARGEST_FILE = 1_000_000
"""Bytes."""


class PolicyError(ConfigurationError):
    """policy.yaml cannot be used as it is written; `findings` are all that is wrong with it.

    None of them: it could not even be read.
    """

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bands(_Section):
    """From which confidence an answer is called high, and from which medium."""

    high: Probability
    medium: Probability

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.medium > self.high:
            message = "medium must not lie above high"
            raise ValueError(message)
        return self


class AnswerPolicy(_Section):
    """When an answer goes out, and which answers a person should look at."""

    threshold: Probability
    thresholds: Mapping[DocType, Probability] = Field(default_factory=dict)
    bands: Bands
    review_required: frozenset[DocType] = frozenset()
    passages: Annotated[int, Field(ge=1, le=50)] = 10

    def threshold_for(self, doc_types: frozenset[str]) -> float:
        """The confidence that an answer from these kinds of documents needs: the strictest."""
        return max(
            (self.thresholds.get(DocType(kind), self.threshold) for kind in doc_types),
            default=self.threshold,
        )


class RouteMatch(_Section):
    """What an escalation must be for a route to fit; what is not named fits always."""

    doc_type: DocType | None = None
    reason: EscalationReason | None = None
    tenant: str | None = None
    attributes: Mapping[str, str] = Field(default_factory=dict)


class Destination(_Section):
    """A queue and how urgent a question is in it."""

    queue: Name
    priority: Name


class Route(Destination):
    """Where questions go that match."""

    match: RouteMatch


class EscalationPolicy(_Section):
    """Who gets what the copilot cannot answer, and until when they respond."""

    routes: tuple[Route, ...] = ()
    default: Destination
    respond_within_hours: Mapping[Name, Annotated[float, Field(gt=0, le=8760)]]

    @model_validator(mode="after")
    def _every_priority_has_a_time(self) -> Self:
        used = {self.default.priority, *(route.priority for route in self.routes)}
        if missing := used - self.respond_within_hours.keys():
            message = f"respond_within_hours says nothing about {', '.join(sorted(missing))}"
            raise ValueError(message)
        return self

    def destination(
        self, principal: Principal, *, reason: str, doc_types: frozenset[str]
    ) -> Destination:
        """The first route that fits, or the default."""
        for route in self.routes:
            match = route.match
            if (
                (match.doc_type is None or match.doc_type.value in doc_types)
                and match.reason in (None, reason)
                and match.tenant in (None, principal.tenant)
                and all(
                    principal.attributes.get(name, "").casefold() == value.casefold()
                    for name, value in match.attributes.items()
                )
            ):
                return route
        return self.default


_NOT_IN_TICKETS = frozenset({PersonalData.URL})


class RedactionPolicy(_Section):
    """What is taken out for good, and where. Nothing is kept that leads back to it."""

    questions: frozenset[PersonalData] = frozenset(PersonalData)
    tickets: frozenset[PersonalData] = frozenset(PersonalData) - _NOT_IN_TICKETS
    webhooks: frozenset[PersonalData] = frozenset(PersonalData)


class Policy(_Section):
    """The whole policy."""

    answers: AnswerPolicy
    chat_model: ChatModelPolicy = ChatModelPolicy()
    escalations: EscalationPolicy
    approvals: ApprovalPolicy = ApprovalPolicy()
    redaction: RedactionPolicy = RedactionPolicy()
    limits: LimitPolicy = LimitPolicy()
    uploads: UploadPolicy = UploadPolicy()
    abuse: AbusePolicy = AbusePolicy()
    audit: AuditPolicy = AuditPolicy()
    retention: RetentionPolicy = RetentionPolicy()


def load_policy(path: Path | None = None) -> Policy:
    """Read a policy file, or the one that ships with the project.

    Raises `PolicyError` with file and line.
    """
    return parse_policy(policy_text(path), str(path) if path else SHIPPED)


def policy_text(path: Path | None) -> str:
    """The text of a policy file, or of the one that ships; raises `PolicyError`."""
    if path is None:
        return files("governance").joinpath(SHIPPED).read_text("utf-8")
    try:
        with path.open("rb") as file:
            # No more than can be a policy, whatever the path leads to.
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise PolicyError(f"{path}: is larger than {LARGEST_FILE:,} bytes; shorten it")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise PolicyError(f"{path}: cannot be read: {reason}") from None


def parse_policy(text: str, where: str) -> Policy:
    """Read a policy from its text; `where` names it in errors."""
    try:
        found = read_plain_yaml(text, where)
    except PlainYamlError as error:
        raise PolicyError(str(error)) from None
    try:
        return Policy.model_validate(found.typed)
    except ValidationError as error:
        findings = findings_of(error, found, Policy)
        raise PolicyError(told(findings, where), findings) from None
