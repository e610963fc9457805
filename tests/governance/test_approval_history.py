"""At every instant of a random history: what can be retrieved is what is approved and valid then.

The oracle below knows the requirement and nothing of the house: it is told what was decided and
what the house said to it, and works out by itself who may read what on which day.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import ConflictError
from governance.approval import Decision
from governance.document import ApprovalState, DocType, DocumentVersion
from retrieval.chunk import Chunk, Locator
from retrieval.points import index_points, keyword_vectors
from retrieval.query import Query
from retrieval.retriever import Retriever
from retrieval.sync import IndexSync
from tests.fakes.hash_embedder import HashEmbedder
from tests.fakes.memory_index import MemoryIndex
from tests.governance.documents_at_hand import ACME, OLGA, PETER, Archive

DAYS_UNTIL_REVIEW, DAYS_OVERDUE = 6, 3


@dataclass
class Known:
    """A version as the oracle knows it. `counting` from its approval until it is withdrawn."""

    starts: date | None
    ends: date | None
    standing: str
    counting_since: date | None = None
    over_since: date | None = None
    looked_at: date | None = None

    def begins(self) -> date:
        return self.starts or self.counting_since or date.max

    def last_day(self) -> date:
        ends = [self.ends] if self.ends else []
        ends += [self.over_since - timedelta(days=1)] if self.over_since else []
        return min(ends, default=date.max)


@dataclass
class Oracle:
    """What was decided about one document."""

    versions: list[Known] = field(default_factory=list)
    withdrawn: bool = False

    def retrievable(self, day: date) -> list[int]:
        """The one version that counts on a day: of those that have begun, the one added last."""
        counting = [(n, one) for n, one in enumerate(self.versions, 1) if one.counting_since]
        if not counting:
            return []
        first, oldest = counting[0]
        begun = [n for n, one in counting if one.begins() <= day]
        if not begun and oldest.starts is None:
            # The first version holds for the time before its approval too.
            begun = [first]
        if not begun or self.versions[begun[-1] - 1].last_day() < day:
            return []
        return [begun[-1]]

    def add(self, approved: bool, today: date, starts: date | None, ends: date | None) -> None:  # noqa: FBT001
        known = Known(starts=starts, ends=ends, standing="draft")
        self.versions.append(known)
        if approved:
            self.approve(known, today)

    def approve(self, known: Known, today: date) -> None:
        self.withdrawn = False
        if known.standing != "approved":
            known.counting_since = known.counting_since or today
            known.over_since = None
        known.standing, known.looked_at = "approved", today

    def move(self, number: int, to: str) -> None:
        known = self.versions[number - 1]
        if to == "withdrawn":
            self.withdrawn = True
            for one in self.versions:
                one.standing, one.counting_since, one.over_since = "withdrawn", None, None
            return
        known.standing = to

    def time_passes(self, today: date) -> None:
        """Housekeeping: what is overdue, and counts still, expires."""
        for number, one in enumerate(self.versions, 1):
            if one.standing != "approved":
                continue
            if one.ends and one.ends < today:
                one.standing, one.over_since = "expired", one.ends + timedelta(days=1)
                continue
            overdue = one.looked_at + timedelta(days=DAYS_UNTIL_REVIEW + DAYS_OVERDUE)
            later = [other.begins() for other in self.versions[number:] if other.counting_since]
            if overdue <= today and all(begins > today for begins in later):
                one.standing, one.over_since = "expired", today


class SearchableArchive(Archive):
    """The same documents behind a search, as askers have it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            review_after_days={"reference": DAYS_UNTIL_REVIEW},
            expire_when_overdue_days=DAYS_OVERDUE,
        )
        self.index = MemoryIndex()
        self.embedder = HashEmbedder()
        self.retriever = Retriever(
            visible_catalog=self.visible,
            index=self.index,
            embedder=self.embedder,
            sync=IndexSync(self.catalog, self.index),
        )

    def add(
        self, uri: str = "sla.md", text: str = "four hours", *more: Any, **changes: Any
    ) -> DocumentVersion:
        version = super().add(uri, text, *more, **changes)
        [row] = self.catalog.chunks_of(version.document_id, version.version)
        chunk = Chunk(
            id=row.id, document_id=row.document_id, version=row.version, ordinal=0,
            header=row.header, text=row.text,
            locator=Locator(heading_path=(), page=None, start=0, end=len(text)),
        )  # fmt: skip
        keywords = keyword_vectors([chunk], uri)
        vectors = self.embedder.embed_documents([text])
        self.index.upsert(index_points([chunk], keywords, vectors, version.access))
        return version

    def found(self) -> set[tuple[str, int]]:
        query = Query(text="four hours", principal=ACME, limit=50)
        return {
            (one.chunk.document_id, one.chunk.version)
            for one in self.retriever.search(query).passages
        }


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "draft", "submit", "approve", "approve", "reject", "withdraw", "erase",
             "wait", "wait", "housekeeping"]
        ),
        st.sampled_from(["a.md", "b.md"]),
        st.integers(0, 3),
        st.sampled_from([None, -4, 2, 5]),
        st.sampled_from([None, None, 0, 3, 8]),
    ),
    max_size=24,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(steps)
def test_retrievable_is_approved_and_valid(  # noqa: C901 - one branch a deed
    tmp_path_factory: pytest.TempPathFactory,
    taken: list[tuple[str, str, int, int | None, int | None]],
) -> None:
    archive = SearchableArchive(tmp_path_factory.mktemp("history"))
    oracles: dict[str, Oracle] = {}
    ids: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for deed, uri, which, starts, ends in taken:
        today = archive.today
        oracle = oracles.setdefault(uri, Oracle())
        if deed in ("add", "draft"):
            version = write(archive, oracle, uri, starts, ends, approved=deed == "add")
            ids[uri] = version.document_id
            # Numbers go on after a deletion; the oracle counts from one.
            numbers[uri] = version.version - len(oracle.versions)
        elif deed == "wait":
            archive.pass_days(which)
        elif deed == "housekeeping":
            archive.reviews.run(archive.now)
            for one in oracles.values():
                one.time_passes(today)
        elif deed == "erase" and oracle.versions:
            archive.catalog.erase(ids[uri])
            oracles[uri] = Oracle()
        elif oracle.versions:
            number = len(oracle.versions) - which % len(oracle.versions)
            decide(archive, oracle, deed, ids[uri], number, numbers[uri])
        expected = {
            (ids[name], number + numbers[name])
            for name, one in oracles.items()
            for number in one.retrievable(archive.today)
        }
        assert archive.found() == expected, (deed, uri)
    for name, one in oracles.items():
        for days in (1, 5, 12):
            day = archive.today - timedelta(days=days)
            then = [number + numbers[name] for number in one.retrievable(day)]
            if one.versions:
                assert archive.readable(ids[name], day) == then
    archive.database.close()


def write(  # noqa: PLR0913 - a version has this many facts
    archive: SearchableArchive, oracle: Oracle, uri: str, starts: int | None, ends: int | None,
    *, approved: bool,
) -> DocumentVersion:  # fmt: skip
    """Bring a version, as a file does, and tell the oracle."""
    today = archive.today
    begins = None if starts is None else today + timedelta(days=starts)
    over = None if ends is None else today + timedelta(days=max(ends, starts or 0))
    # What a person has withdrawn no file brings back.
    oracle.add(approved and not oracle.withdrawn, today, begins, over)
    return archive.add(
        uri,
        doc_type=DocType.REFERENCE,
        approval=ApprovalState.APPROVED if approved else ApprovalState.DRAFT,
        effective_from=begins,
        effective_to=over,
    )


def decide(  # noqa: PLR0913, PLR0917 - a story has this many parts
    archive: Archive, oracle: Oracle, deed: str, document: str, number: int, offset: int
) -> None:
    """Let somebody decide, and tell the oracle of it where the house agreed."""
    move = getattr(archive.approvals, deed)
    try:
        move(OLGA if deed == "submit" else PETER, document, Decision(version=number + offset))
    except ConflictError:
        return
    match deed:
        case "approve":
            oracle.approve(oracle.versions[number - 1], archive.today)
        case "submit":
            oracle.move(number, "in_review")
        case "reject":
            oracle.move(number, "draft")
        case _:
            oracle.move(number, "withdrawn")
