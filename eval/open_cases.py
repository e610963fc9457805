"""The labelled cases that may move what holds for everybody."""

from collections.abc import Sequence
from dataclasses import replace

from eval.case import Case
from governance.principal import EVERY_PARTNER
from governance.visibility import Filters
from governance.visible_catalog import VisibleCatalog


def open_cases(visible: VisibleCatalog, cases: Sequence[Case]) -> tuple[Case, ...]:
    """Those cases whose every gold document is open to all partners, asked as `EVERY_PARTNER`.

    Somebody of a tenant would search that tenant's own documents too, and a case about them
    would fit what everybody gets to what one tenant keeps to itself.
    """
    readable: dict[Filters, frozenset[str]] = {}
    for case in cases:
        if case.filters not in readable:
            visibility = visible.visibility(EVERY_PARTNER, case.filters)
            readable[case.filters] = frozenset(one.uri for one in visible.documents(visibility))
    return tuple(
        replace(case, principal=EVERY_PARTNER)
        for case in cases
        if case.gold and case.gold_uris <= readable[case.filters]
    )
