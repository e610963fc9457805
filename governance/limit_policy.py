"""The section `limits` of policy.yaml: how much one person and one tenant may ask for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

_RATE = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour|day)")
_SECONDS: Mapping[str, int] = MappingProxyType(
    {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
)


class RouteGroup(StrEnum):
    """Addresses that are limited together."""

    ASK = "ask"
    SEARCH = "search"
    READ = "read"
    WRITE = "write"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests in so many seconds."""

    amount: int
    seconds: int

    def __str__(self) -> str:
        unit = next(name for name, length in _SECONDS.items() if length == self.seconds)
        return f"{self.amount}/{unit}"


def _rate(value: object) -> Rate:
    if isinstance(value, Rate):
        return value
    written = _RATE.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        message = "write it like 600/minute: a number, then /second, /minute, /hour or /day"
        raise ValueError(message)
    return Rate(amount=int(written[1]), seconds=_SECONDS[written[2]])


WrittenRate = Annotated[Rate, PlainValidator(_rate), PlainSerializer(str)]
Many = Annotated[int, Field(ge=1, le=1_000_000_000)]
Few = Annotated[int, Field(ge=1, le=1_000)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RateLimits(_Section):
    """Requests of one person or one tenant; what is not named is not limited.

    `all` counts every request, the others those of one group of addresses.
    """

    all: WrittenRate | None = None
    ask: WrittenRate | None = None
    search: WrittenRate | None = None
    read: WrittenRate | None = None
    write: WrittenRate | None = None
    upload: WrittenRate | None = None

    def of(self, group: RouteGroup) -> Rate | None:
        """What is said about one group."""
        found: Rate | None = getattr(self, group.value)
        return found


class TenantLimits(_Section):
    """What is otherwise for one tenant; what is not named is as for everybody."""

    per_subject: RateLimits | None = None
    per_tenant: RateLimits | None = None
    questions_per_day: Many | None = None
    concurrent_ingests: Few | None = None


_PER_SUBJECT = RateLimits(all=Rate(amount=30_000, seconds=60))
_PER_TENANT = RateLimits(all=Rate(amount=120_000, seconds=60))


class LimitPolicy(_Section):
    """How much may be asked for. A subject is a person, or a machine with its API key."""

    per_subject: RateLimits = _PER_SUBJECT
    per_tenant: RateLimits = _PER_TENANT
    questions_per_day: Many = 1_000_000
    concurrent_ingests: Few = 8
    tenants: Mapping[Annotated[str, Field(min_length=1, max_length=128)], TenantLimits] = Field(
        default_factory=dict
    )

    def for_tenant(self, tenant: str) -> "LimitPolicy":
        """The limits as they hold for one tenant, without a word about others."""
        own = self.tenants.get(tenant)
        if own is None:
            return self
        named: dict[str, Any] = {
            name: value for name in type(own).model_fields if (value := getattr(own, name))
        }
        return self.model_copy(update=named)
