"""The section `chat_model` of policy.yaml: what a chat model may take, and what happens without."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=600)]
Tokens = Annotated[int, Field(ge=1, le=1_000_000_000_000)]


class Instead(StrEnum):
    """What comes in place of a model's answer: quotes, or a person."""

    QUOTE = "quote"
    ESCALATE = "escalate"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BreakerPolicy(_Section):
    """When a model that keeps failing is left alone, and for how long."""

    failures: Annotated[int, Field(ge=1, le=1000)] = 5
    pause_seconds: Annotated[float, Field(gt=0, le=86_400)] = 30.0


class ChatModelPolicy(_Section):
    """Bounds on every call of the chat model. Beyond one the answer is quoted instead.

    `first_token_seconds` bounds the wait for the first sign of life, retries included, and every
    later silence; a model that sends its reasoning is not silent. `tokens_per_day` are one
    tenant's, `tenants` says otherwise for single ones.
    """

    first_token_seconds: Seconds = 10.0
    whole_seconds: Seconds = 45.0
    concurrent: Annotated[int, Field(ge=1, le=1000)] = 8
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    prompt_tokens: Annotated[int, Field(ge=100, le=1_000_000)] = 3_000
    reply_tokens: Annotated[int, Field(ge=16, le=100_000)] = 600
    passages: Annotated[int, Field(ge=1, le=50)] = 5
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    tokens_per_day: Tokens = 2_000_000
    tenants: Mapping[Annotated[str, Field(min_length=1, max_length=128)], Tokens] = Field(
        default_factory=dict
    )
    breaker: BreakerPolicy = BreakerPolicy()
    when_unavailable: Instead = Instead.QUOTE
    when_unsupported: Instead = Instead.QUOTE

    def tokens_per_day_of(self, tenant: str) -> int:
        """What one tenant's questions may take in a day (UTC)."""
        return self.tenants.get(tenant, self.tokens_per_day)
