"""What changed from one version of a document to another, for somebody who has to approve it.

Texts are compared by lines. Lines that stand once in both texts, in the same order, are taken for
the same (Bram Cohen's patience diff); what lies between two of them is compared by difflib where
it is short, and told as one change where it is long. So the time grows with the text and not with
its square, and a moved chapter cannot hold a request for minutes.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from enum import StrEnum

from governance.document import DocumentMetadata, DocumentVersion

MOST_CHANGES = 500
"""So many changes are told; who has more to read reads the text."""
MOST_CHARACTERS = 200_000
"""Of all lines that are told, together."""
_LONGEST_LINE = 4_000
# difflib's time grows with the product of both sides: beyond it one change is told as a whole.
_LONGEST_COMPARED = 250_000
_AROUND = 1


class Kind(StrEnum):
    """What happened to some lines."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Lines of the older text (from `old_line`, counted from 1) and what stands there now.

    Of lines that are the same only those next to a change are told; `left_out` counts the rest.
    """

    kind: Kind
    old_line: int
    new_line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataChange:
    """A key whose value is another one now, both in words."""

    key: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that changed. `complete` is false where there was more than is told."""

    metadata: tuple[MetadataChange, ...]
    changes: tuple[Change, ...]
    added: int
    removed: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Lines `old_from` to `old_to` of the older text, and what stands there in the newer one."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int
    same: bool


def compare(old: DocumentVersion, new: DocumentVersion, old_text: str, new_text: str) -> Comparison:
    """Compare two versions with their texts."""
    before, after = old_text.splitlines(), new_text.splitlines()
    blocks = blocks_of(before, after)
    changes: list[Change] = []
    room = MOST_CHARACTERS
    complete = True
    for number, block in enumerate(blocks):
        change = _told(block, before, after, first=number == 0, last=number == len(blocks) - 1)
        size = sum(map(len, (*change.old, *change.new)))
        if len(changes) >= MOST_CHANGES or size > room:
            complete = False
            break
        room -= size
        changes.append(change)
    return Comparison(
        metadata=tuple(_metadata_changes(old.metadata, new.metadata)),
        changes=tuple(changes),
        added=sum(one.new_to - one.new_from for one in blocks if not one.same),
        removed=sum(one.old_to - one.old_from for one in blocks if not one.same),
        complete=complete,
    )


def blocks_of(before: Sequence[str], after: Sequence[str]) -> list[Block]:
    """Both texts as stretches that are the same and stretches that are not, in turn."""
    return _joined(_blocks(before, after))


def _told(
    block: Block, before: Sequence[str], after: Sequence[str], *, first: bool, last: bool
) -> Change:
    old, new = before[block.old_from : block.old_to], after[block.new_from : block.new_to]
    left_out = 0
    if block.same:
        head, tail = (0 if first else _AROUND), (0 if last else _AROUND)
        left_out = max(0, len(old) - head - tail)
        if left_out:
            old = new = [*old[:head], *old[len(old) - tail :]]
    kind = (
        Kind.SAME
        if block.same
        else Kind.CHANGED
        if old and new
        else Kind.ADDED
        if new
        else Kind.REMOVED
    )
    return Change(
        kind=kind,
        old_line=block.old_from + 1,
        new_line=block.new_from + 1,
        old=tuple(map(_shortened, old)),
        new=() if block.same else tuple(map(_shortened, new)),
        left_out=left_out,
    )


def _shortened(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[:_LONGEST_LINE]} … ({len(line) - _LONGEST_LINE} characters more)"


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[Block]:
    old_at = new_at = 0
    for old_line, new_line, length in _runs(_anchors(before, after)):
        yield from _between(before, after, old_at, old_line, new_at, new_line)
        old_at, new_at = old_line + length, new_line + length
        yield Block(old_line, old_at, new_line, new_at, same=True)
    yield from _between(before, after, old_at, len(before), new_at, len(after))


def _runs(pairs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Pairs that follow one another on both sides, as one with its length."""
    start = 0
    for at in range(1, len(pairs) + 1):
        old_line, new_line = pairs[start]
        if at == len(pairs) or pairs[at] != (old_line + at - start, new_line + at - start):
            yield old_line, new_line, at - start
            start = at


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of lines that stand once in both texts, in the same order in both."""
    old_counts, new_counts = Counter(before), Counter(after)
    place = {line: at for at, line in enumerate(after) if new_counts[line] == 1}
    pairs = [
        (at, place[line])
        for at, line in enumerate(before)
        if old_counts[line] == 1 and line in place
    ]
    # The longest run of pairs that rise on both sides (patience sorting).
    tops: list[int] = []
    last_of: list[int] = []
    previous: list[int] = []
    for number, (_, new_line) in enumerate(pairs):
        pile = bisect_left(tops, new_line)
        previous.append(last_of[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [new_line]
        last_of[pile : pile + 1] = [number]
    chosen: list[tuple[int, int]] = []
    at = last_of[-1] if last_of else -1
    while at >= 0:
        chosen.append(pairs[at])
        at = previous[at]
    return chosen[::-1]


def _between(  # noqa: PLR0913, PLR0917 - two texts and a stretch of each
    before: Sequence[str], after: Sequence[str],
    old_from: int, old_to: int, new_from: int, new_to: int,
) -> Iterator[Block]:  # fmt: skip
    """Blocks of a stretch that holds no anchor."""
    same = 0
    while (
        old_from + same < old_to
        and new_from + same < new_to
        and before[old_from + same] == after[new_from + same]
    ):
        same += 1
    if same:
        yield Block(old_from, old_from + same, new_from, new_from + same, same=True)
    old_from, new_from = old_from + same, new_from + same
    same_at_end = 0
    while (
        old_from < old_to - same_at_end
        and new_from < new_to - same_at_end
        and before[old_to - same_at_end - 1] == after[new_to - same_at_end - 1]
    ):
        same_at_end += 1
    old_to, new_to = old_to - same_at_end, new_to - same_at_end
    if (old_to - old_from) * (new_to - new_from) > _LONGEST_COMPARED:
        yield Block(old_from, old_to, new_from, new_to, same=False)
    else:
        matcher = SequenceMatcher(None, before[old_from:old_to], after[new_from:new_to])
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            yield Block(
                old_from + i1, old_from + i2, new_from + j1, new_from + j2, same=tag == "equal"
            )
    if same_at_end:
        yield Block(old_to, old_to + same_at_end, new_to, new_to + same_at_end, same=True)


def _joined(blocks: Iterator[Block]) -> list[Block]:
    """Neighbours of one kind as one, and nothing empty."""
    joined: list[Block] = []
    for one in blocks:
        if one.old_from == one.old_to and one.new_from == one.new_to:
            continue
        if joined and joined[-1].same == one.same:
            last = joined.pop()
            one = Block(last.old_from, one.old_to, last.new_from, one.new_to, same=one.same)  # noqa: PLW2901 - grown
        joined.append(one)
    return joined


def _metadata_changes(old: DocumentMetadata, new: DocumentMetadata) -> Iterator[MetadataChange]:
    for field in fields(DocumentMetadata):
        if field.name in {"approval", "approved_by"}:
            # Where each stands is said by the versions themselves.
            continue
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before != after:
            yield MetadataChange(key=field.name, old=_in_words(before), new=_in_words(after))


def _in_words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
