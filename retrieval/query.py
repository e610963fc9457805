"""A search: what is asked, by whom, and what it is narrowed to."""

from dataclasses import dataclass, field

from governance.principal import Principal
from governance.visibility import Filters

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One search. There is none without a principal. `limit` counts passages."""

    text: str
    principal: Principal
    filters: Filters = field(default_factory=Filters)
    limit: int = DEFAULT_LIMIT
