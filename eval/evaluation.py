"""One evaluation: a dataset put to the house as it stands, and a report of what came of it."""

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from copilot.ask import Copilot
from copilot.calibration_in_force import CalibrationInForce
from copilot.records import Records
from eval.calibration.drift import drift, live_signals
from eval.case import Case
from eval.judge_model import JudgeUse
from eval.report.making import dataset_json, report_of
from eval.report.schemas import CalibrationJson, CorpusJson, HeaderJson, ReportJson
from eval.runner import CatalogCheck, Runner
from eval.score import Judged, Scorer
from eval.standing import Standings
from foundation.clock import Clock
from foundation.database import Database, open_database
from foundation.settings import Settings
from governance.catalog import Catalog
from governance.document import DocumentVersion
from governance.thinned_catalog import ThinnedCatalog
from governance.visible_catalog import VisibleCatalog
from retrieval.embedding import Embedder
from retrieval.retriever import Retriever


class Parts(Protocol):
    """What an evaluation needs of the running parts."""

    @property
    def settings(self) -> Settings:
        """How the house is set up."""

    @property
    def database(self) -> Database:
        """Where the record of the house is."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def embedder(self) -> Embedder:
        """The model that search embeds with."""

    @property
    def catalog(self) -> Catalog:
        """The truth about documents."""

    @property
    def visible_catalog(self) -> VisibleCatalog:
        """The catalog through an asker's eyes."""

    @property
    def calibration(self) -> CalibrationInForce:
        """What turns signals into confidence."""

    @property
    def retriever(self) -> Retriever:
        """Search."""

    def retriever_through(self, catalog: VisibleCatalog) -> Retriever:
        """Search through another view of the catalog."""

    def copilot_recording_to(self, records: Records, retriever: Retriever | None = None) -> Copilot:
        """The copilot as it is configured, with another place for its records."""


class Judges(Protocol):
    """A judge model, ready to judge (`eval.judging.Judging`)."""

    @property
    def use(self) -> JudgeUse:
        """What judging took so far."""

    def judge(self, judged: Sequence[Judged]) -> tuple[Judged, ...]:
        """The cases with the judge's scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The judged cases, and the report of them."""

    judged: tuple[Judged, ...]
    report: ReportJson


def evaluate(  # noqa: PLR0913 - what is asked, by whom it is judged, and who watches
    assembly: Parts,
    cases: Sequence[Case],
    name: str,
    *,
    scorers: Sequence[Scorer] = (),
    judging: Judges | None = None,
    on_progress: Callable[[Judged], None] = lambda _: None,
) -> Evaluation:
    """Ask every case and judge what comes; `name` is what the dataset is called.

    Asking leaves a record and may open an escalation. In an evaluation those go to a database of
    their own that is thrown away: made-up questions must not wait in a person's queue, nor move
    the insights that are read from what partners really asked, nor fill their audit.
    """
    began = time.perf_counter()
    # Citations are checked through a catalog of the check's own: what is wrong with the one that
    # search goes through must not blind the check too.
    honest = VisibleCatalog(assembly.catalog, assembly.clock)
    with (
        TemporaryDirectory(prefix="evaluation-") as folder,
        closing(open_database(f"sqlite:///{Path(folder) / 'records.db'}")) as database,
    ):
        # Thrown away with the folder, so there is nothing to take out.
        records = Records(database, str)
        thinned = _Thinned(assembly) if any(one.held_out for one in cases) else None
        retriever = thinned.retriever if thinned else assembly.retriever
        runner = Runner(
            copilot=assembly.copilot_recording_to(records, retriever),
            retriever=retriever,
            check=CatalogCheck(honest, Standings(assembly.catalog, assembly.clock)),
            scorers=scorers,
        )
        found: list[Judged] = []
        for case in cases:
            with thinned.without(case.held_out) if thinned else nullcontext():
                found += runner.run([case], on_progress)
        judged = tuple(found)
    if judging is not None:
        judged = judging.judge(judged)
    now = assembly.clock()
    header = HeaderJson(
        made_at=now,
        day=now.date(),
        code=_code(),
        embedder=assembly.settings.embedder,
        writer=", ".join(sorted({one.seen.writer for one in judged} - {""})),
        dataset=dataset_json(name, cases),
        corpus=corpus_json(assembly.catalog),
        calibration=_calibration(assembly.calibration, assembly.database),
        judge=judging.use if judging else None,
        seconds=round(time.perf_counter() - began, 3),
    )
    return Evaluation(judged=judged, report=report_of(judged, header))


class _Thinned:
    """A way to search from which a case's documents can be held out."""

    def __init__(self, assembly: Parts) -> None:
        self._catalog = ThinnedCatalog(assembly.catalog, assembly.clock, assembly.database)
        self.retriever = assembly.retriever_through(self._catalog)
        self._ids: dict[str, set[str]] = {}
        for one in assembly.catalog.newest():
            self._ids.setdefault(one.uri, set()).add(one.document_id)

    def without(self, uris: Collection[str]) -> AbstractContextManager[None]:
        gone = frozenset(one for uri in uris for one in self._ids.get(uri, ()))
        return self._catalog.without(gone)


def corpus_json(catalog: Catalog) -> CorpusJson:
    """Names the documents of a catalog by what stands in them and what is said about them."""
    newest = catalog.newest()
    # Not by fingerprint: that of a ticket carries a key of the house, and two houses that read the
    # same folder have the same documents.
    told = sorted(repr((one.tenant, one.uri, one.blob_key, _said(one))) for one in newest)
    digest = hashlib.sha256("\n\n".join(told).encode()).hexdigest()
    return CorpusJson(sha256=digest, documents=len(newest))


def _said(version: DocumentVersion) -> tuple[object, ...]:
    """What is said about a version that decides who finds it, and when."""
    said = version.metadata
    return (
        said.title,
        said.doc_type.value,
        sorted(said.audience),
        said.approval.value,
        str(said.effective_from),
        str(said.effective_to),
        said.product,
        said.releases,
        said.supersedes,
    )


def _calibration(chosen: CalibrationInForce, database: Database) -> CalibrationJson:
    made = chosen.calibration
    # An evaluation's own questions leave no record: these are what people asked.
    found = drift(made, live_signals(database, None))
    return CalibrationJson(
        version=made.version,
        fitted_at=made.fitted_at,
        fitted_on=made.fitted_on,
        cases=made.cases,
        own=chosen.own,
        stale=chosen.notice,
        live_questions=found.questions,
        drifted=list(found.moved),
    )


def _code() -> str:
    try:
        return version("partner-copilot")
    except PackageNotFoundError:
        # Run from a source tree that was not installed.
        return "source"
