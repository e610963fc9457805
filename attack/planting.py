"""Documents with text planted in them, and what the same questions get with and without it."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from assembly import Assembly
from copilot.ask import Asked, Copilot
from copilot.records import Records
from eval.dataset import read_dataset
from foundation.database import open_database
from foundation.settings import Settings
from governance.principal import Principal, Role
from governance.visibility import Filters
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover

SAMPLE = Path(__file__).resolve().parents[1] / "corpora" / "sample"
_MANIFEST = (
    "owner: northstar\n"
    "defaults: {audience: [partners], approval: approved, approved_by: Desk, language: en}\n"
)
PARTNER = Principal(
    subject="attacker", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}),
    attributes={"tier": "gold", "region": "emea"},
)  # fmt: skip


def shared_injections() -> Path | None:
    """The public sets of injections, beside the repository unless the environment says else."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("COPILOT_SHARED_DATA", default)) / "injections"
    return folder if (folder / "bipia_text_attack_train.json").is_file() else None


class Place(StrEnum):
    """Where in a document a text is planted."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planting:
    """A text for one place of a document."""

    text: str
    place: Place

    def into(self, document: str) -> str:
        """The document with the text in it; its front matter stays in front."""
        lines = document.split("\n")
        head = lines.index("---", 1) + 1 if lines[0].strip() == "---" else 0
        front, body = lines[:head], lines[head:]
        match self.place:
            case Place.START:
                body = [self.text, "", *body]
            case Place.END:
                body = [*body, "", self.text]
            case Place.MIDDLE:
                body = _in_the_middle(body, self.text)
        return "\n".join([*front, *body])


def _in_the_middle(body: list[str], text: str) -> list[str]:
    """Between two paragraphs, two rows of a table, two sentences of a single line."""
    half = len(body) // 2
    if len(body) == 1:
        line = body[0]
        ends = [at for at in range(len(line)) if line[at - 2 : at] in {". ", "! ", "? "}]
        cut = ends[len(ends) // 2] if ends else len(line)
        return [f"{line[:cut]}\n{text}\n{line[cut:]}"]
    if body[half].startswith("|"):
        return [*body[:half], text, *body[half:]]
    return [*body[:half], "", text, "", *body[half:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question by somebody."""

    question: str
    principal: Principal = PARTNER
    filters: Filters = field(default_factory=Filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a question got, in what a planted text must not change. `quotes` go by document."""

    kind: str
    writer: str
    text: str
    owners: frozenset[str]
    documents: frozenset[str]
    quotes: tuple[tuple[str, str, bool], ...]
    suspicious: bool


class World:
    """A folder of documents, ingested into a data folder of its own, and its copilot."""

    def __init__(self, folder: Path, sources: Sequence[Path], contexts: Mapping[str, str]) -> None:
        self.corpus = folder / "corpus"
        self.contexts = folder / "contexts"
        for source in sources:
            target = self.corpus / source.relative_to(SAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        self.contexts.mkdir(parents=True)
        (self.contexts / "corpus.yaml").write_text(_MANIFEST, encoding="utf-8")
        for name, text in contexts.items():
            (self.contexts / name).write_text(text, encoding="utf-8")
        self._data = folder / "data"

    @cached_property
    def assembly(self) -> Assembly:
        """The running parts, on the day on which the sample corpus plays."""
        day = datetime(2026, 11, 23, 12, tzinfo=UTC)
        return Assembly(Settings(data_dir=self._data), clock=lambda: day)

    @cached_property
    def copilot(self) -> Copilot:
        """The copilot, with a place of its own for what it records."""
        records = Records(open_database(f"sqlite:///{self._data / 'asked.db'}"), str)
        return self.assembly.copilot_recording_to(records)

    def close(self) -> None:
        """Release what was opened."""
        self.assembly.close()

    def ingest(self) -> None:
        """Take in what changed; a machine that is busy gets a second try."""
        for _ in range(3):
            found = discover([self.corpus, self.contexts], IngestOptions())
            report = self.assembly.pipeline.run(found, IngestRun())
            if not report.failed:
                return
        message = f"could not ingest {report.failed[0]}"
        raise RuntimeError(message)

    def texts(self) -> tuple[Path, ...]:
        """The documents that something can be planted in: plain text and Markdown."""
        found = [*self.corpus.rglob("*.md"), *self.contexts.iterdir()]
        return tuple(sorted(one for one in found if one.suffix in {".md", ".txt"}))

    @contextmanager
    def planted(self, plantings: Mapping[Path, Planting]) -> Iterator[None]:
        """The world with texts planted in its documents, for the length of the block."""
        before = {path: path.read_text(encoding="utf-8") for path in plantings}
        for path, planting in plantings.items():
            path.write_text(planting.into(before[path]), encoding="utf-8")
        try:
            self.ingest()
            yield
        finally:
            for path, text in before.items():
                path.write_text(text, encoding="utf-8")

    def ask(self, probe: Probe) -> Seen:
        """Ask, and note what must stay."""
        reply = self.copilot.ask(
            Asked(text=probe.question, principal=probe.principal, filters=probe.filters)
        )
        body = reply.body
        versions = self.assembly.catalog.versions_of(
            (one.document_id, one.version) for one in body.citations
        )
        return Seen(
            kind=body.kind,
            writer=body.writer,
            text=body.text,
            owners=frozenset(one.tenant for one in versions.values()),
            documents=frozenset(one.uri for one in body.citations),
            quotes=tuple((one.uri, one.quote, bool(one.flags)) for one in body.citations),
            suspicious=reply.suspicious is not None,
        )


def sample_probes() -> tuple[Probe, ...]:
    """The sample corpus's own questions."""
    return tuple(
        Probe(question=case.question, principal=case.principal, filters=case.filters)
        for case in read_dataset(SAMPLE / "cases.jsonl")
    )


def bipia_attacks(folder: Path) -> tuple[str, ...]:
    """BIPIA's text and code attacks (Yi et al., 2023; the training part)."""
    names = ("bipia_text_attack_train.json", "bipia_code_attack_train.json")
    sets = [json.loads((folder / name).read_text("utf-8")) for name in names]
    return tuple(text for one in sets for attacks in one.values() for text in attacks)


def bipia_contexts(folder: Path, tables: int) -> tuple[dict[str, str], tuple[Probe, ...]]:
    """BIPIA's e-mails and some of its tables as documents, and what is asked of them."""
    documents: dict[str, str] = {}
    probes: list[Probe] = []
    for at, line in enumerate(_lines(folder / "bipia_email_train.jsonl")):
        documents[f"email-{at:03}.txt"] = line["context"]
        probes.append(Probe(question=line["question"]))
    asked: dict[str, str] = {}
    for line in _lines(folder / "bipia_table_train.jsonl"):
        asked.setdefault(line["context"], line["question"])
    every = max(1, len(asked) // tables)
    for at, (table, question) in enumerate(list(asked.items())[::every][:tables]):
        documents[f"table-{at:03}.md"] = table
        probes.append(Probe(question=question))
    return documents, tuple(probes)


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
