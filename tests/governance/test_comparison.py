import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import comparison
from governance.comparison import Change, Comparison, Kind, compare
from governance.document import DocType, DocumentVersion
from tests.governance.documents_at_hand import Archive


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> DocumentVersion:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    made = archive.add()
    archive.database.close()
    return made


def compared(version: DocumentVersion, old: str, new: str) -> Comparison:
    return compare(version, version, old, new)


def told(found: Comparison) -> list[tuple[Kind, tuple[str, ...], tuple[str, ...]]]:
    return [(one.kind, one.old, one.new) for one in found.changes if one.kind is not Kind.SAME]


def test_lines_that_came_went_and_changed(version: DocumentVersion) -> None:
    found = compared(version, "a\nb\nc\nd", "a\nB\nc\nx\nd")
    assert told(found) == [(Kind.CHANGED, ("b",), ("B",)), (Kind.ADDED, (), ("x",))]
    assert told(compared(version, "a\nb", "a")) == [(Kind.REMOVED, ("b",), ())]
    assert (found.added, found.removed, found.complete) == (2, 1, True)


def test_equal_texts_have_no_change(version: DocumentVersion) -> None:
    found = compared(version, "a\nb", "a\nb")
    assert told(found) == []
    assert found.metadata == ()


def test_what_is_the_same_is_told_next_to_a_change_only(version: DocumentVersion) -> None:
    lines = [f"line {number}" for number in range(100)]
    found = compared(version, "\n".join(lines), "\n".join([*lines[:50], "new", *lines[51:]]))
    before, _, after = found.changes
    assert (before.old, before.left_out) == (("line 49",), 49)
    assert (after.old, after.left_out) == (("line 51",), 48)
    assert (after.old_line, after.new_line) == (52, 52)


def test_what_is_said_of_a_document_is_compared_too(version: DocumentVersion) -> None:
    changed = replace(
        version,
        metadata=replace(
            version.metadata,
            title="Other",
            doc_type=DocType.POLICY,
            audience=frozenset({"internal", "tenant:acme"}),
            effective_to=date(2027, 1, 31),
        ),
    )
    found = {one.key: (one.old, one.new) for one in compare(version, changed, "", "").metadata}
    assert found == {
        "title": ("sla.md", "Other"),
        "doc_type": ("reference", "policy"),
        "audience": ("partners", "internal, tenant:acme"),
        "effective_to": ("", "2027-01-31"),
    }


lines = st.lists(st.sampled_from("abcdefgh"), max_size=14)


@given(lines, lines)
def test_the_older_text_and_the_changes_make_the_newer_one(old: list[str], new: list[str]) -> None:
    rebuilt: list[str] = []
    at = 0
    for block in comparison.blocks_of(old, new):
        assert block.old_from == at
        at = block.old_to
        if block.same:
            assert old[block.old_from : block.old_to] == new[block.new_from : block.new_to]
        rebuilt += new[block.new_from : block.new_to]
    assert at == len(old)
    assert rebuilt == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([f"line {n}" for n in range(40_000)], [f"other {n}" for n in range(40_000)]),
        (["a", "b", ""] * 15_000, ["b", "a", ""] * 15_000),
        ([f"line {n}" for n in range(40_000)], [f"line {n}" for n in range(39_999, -1, -1)]),
        ([""] * 40_000, [""] * 45_000),
    ],
    ids=["all anew", "all alike", "turned round", "empty lines"],
)
def test_a_large_text_holds_nobody_up_and_is_bounded(
    version: DocumentVersion, old: list[str], new: list[str]
) -> None:
    began = time.process_time()
    found = compared(version, "\n".join(old), "\n".join(new))
    assert time.process_time() - began < 5
    shown = sum(len(line) for one in found.changes for line in (*one.old, *one.new))
    assert shown <= comparison.MOST_CHARACTERS
    assert len(found.changes) <= comparison.MOST_CHANGES


def test_more_changes_than_are_told_are_admitted(version: DocumentVersion) -> None:
    old = [f"line {n}" for n in range(4_000)]
    new = [f"line {n}" if n % 2 else f"other {n}" for n in range(4_000)]
    found = compared(version, "\n".join(old), "\n".join(new))
    assert not found.complete
    assert len(found.changes) == comparison.MOST_CHANGES
    assert (found.added, found.removed) == (2_000, 2_000)


def test_a_line_without_end_is_cut(version: DocumentVersion) -> None:
    [change] = compared(version, "short", "x" * 100_000).changes
    assert isinstance(change, Change)
    assert change.new[0].endswith("(96000 characters more)")


def test_versions_that_are_not_there_are_not_found(tmp_path: Path) -> None:
    from foundation.errors import NotFoundError
    from governance.listing import Listing
    from tests.governance.documents_at_hand import OLGA

    archive = Archive(tmp_path)
    document = archive.add().document_id
    listing = Listing(
        catalog=archive.catalog,
        visible=archive.visible,
        reviews=archive.reviews,
        clock=archive.clock,
    )
    with pytest.raises(NotFoundError, match="no version before the first"):
        listing.pair(OLGA.principal, document, None, None)
    with pytest.raises(NotFoundError, match="no version 4"):
        listing.pair(OLGA.principal, document, 4, 1)
    archive.database.close()
