"""One question back where the documents answer, but differently for different releases and such.

Asked only where the answer is one value, where documents for different scopes give different
ones, and where neither the question nor its filters nor what is known of the asker says which
scope is meant.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from copilot.evidence import Evidence
from copilot.question import Question
from copilot.rivals import Rival, same_statement
from copilot.slots import things_in
from governance.visibility import Filters

_MOST_OPTIONS = 4
_SCOPES = ("tier", "region", "system")
_NATURAL = re.compile(r"\d+|\D+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """What is left open: the question to ask back, its options, and the spans behind them."""

    text: str
    options: tuple[str, ...]
    rivals: tuple[Rival, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The spans as they are quoted, one an option."""
        return tuple(one.evidence(key) for key, one in enumerate(self.rivals, start=1))


def ambiguity(
    question: Question,
    rivals: Sequence[Rival],
    filters: Filters,
    attributes: Mapping[str, str],
) -> Ambiguity | None:
    """What has to be known before the question can be answered; None where nothing has to.

    `rivals` are spans that disagree, the answer's first (`rivals.disagreeing`).
    """
    if len(rivals) < 2:  # noqa: PLR2004 (one alone leaves nothing open)
        return None
    return (
        _by_release(question, rivals, filters)
        or _by_product(question, rivals, filters)
        or _by_thing(question, rivals, attributes)
    )


def _by_release(question: Question, rivals: Sequence[Rival], filters: Filters) -> Ambiguity | None:
    """Each release has its value, and no release was named."""
    if filters.release or any(one.kind == "release" for one in things_in(question.text)):
        return None
    bound: dict[str, Rival] = {}
    for rival in rivals:
        if rival.releases and all(
            rival.releases.isdisjoint(other.releases) for other in bound.values()
        ):
            bound[_listed(sorted(rival.releases, key=_natural), "and")] = rival
    if not rivals[0].releases or len(bound) < 2:  # noqa: PLR2004
        return None
    options = sorted(bound, key=_natural)[-_MOST_OPTIONS:]
    return Ambiguity(
        text=f"For which release: {_listed(options, 'or')}?",
        options=tuple(f"release {one}" for one in options),
        rivals=tuple(bound[one] for one in options),
    )


def _by_product(question: Question, rivals: Sequence[Rival], filters: Filters) -> Ambiguity | None:
    """The same is said of several products, and none was named."""
    if filters.product:
        return None
    by: dict[str, Rival] = {}
    for rival in rivals:
        product = rival.version.metadata.product
        if product and (rival is rivals[0] or same_statement(rivals[0], rival)):
            by.setdefault(product, rival)
    named = any(one.casefold() in question.text.casefold() for one in by)
    if named or len(by) < 2 or rivals[0].version.metadata.product not in by:  # noqa: PLR2004
        return None
    options = tuple(by)[:_MOST_OPTIONS]
    return Ambiguity(
        text=f"For which product: {_listed(options, 'or')}?",
        options=options,
        rivals=tuple(by[one] for one in options),
    )


def _by_thing(
    question: Question, rivals: Sequence[Rival], attributes: Mapping[str, str]
) -> Ambiguity | None:
    """The same is said of several tiers, regions or systems, and none was named or is known."""
    asked = {one.kind for one in things_in(question.text)}
    for kind in _SCOPES:
        if kind in asked or attributes.get(kind):
            continue
        by: dict[str, Rival] = {}
        for rival in rivals:
            said = {one.said.casefold(): one.said for one in rival.things if one.kind == kind}
            same = rival is rivals[0] or same_statement(rivals[0], rival)
            if len(said) == 1 and same:
                by.setdefault(next(iter(said.values())), rival)
        if len(by) > 1 and rivals[0] in by.values():
            options = tuple(by)[:_MOST_OPTIONS]
            return Ambiguity(
                text=f"For which {kind}: {_listed(options, 'or')}?",
                options=options,
                rivals=tuple(by[one] for one in options),
            )
    return None


def _natural(text: str) -> list[tuple[int, str]]:
    """Numbers in their order, so that 24.10 comes after 24.9."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in _NATURAL.findall(text)]


def _listed(options: Sequence[str], joint: str) -> str:
    if len(options) < 2:  # noqa: PLR2004 (one needs no joiner)
        return "".join(options)
    return f"{', '.join(options[:-1])} {joint} {options[-1]}"
