"""Where adapters meet ports, once for the command line and the HTTP interface.

Parts are made when they are first asked for, so that a command pays only for what it uses:
listing documents loads no model and takes no lock.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.blobs import BlobStore
from foundation.clock import Clock, system_clock
from foundation.database import Database, open_database, read_text, write_text
from foundation.errors import ConfigurationError, StorageError
from foundation.settings import Settings
from governance.audit.key import accept_key, audit_key, check_key
from governance.catalog import Catalog
from governance.policy_source import PolicySource
from governance.visible_catalog import VisibleCatalog

if TYPE_CHECKING:
    from limits.storage import Storage
    from qdrant_client import QdrantClient

    from copilot.ask import Copilot
    from copilot.calibration_in_force import CalibrationInForce
    from copilot.model_line import ModelLine
    from copilot.model_reply import Speaks
    from copilot.records import Records
    from copilot.wording import Wordings
    from governance.access import Access
    from governance.audit.anchors import Anchors
    from governance.audit.desk import AuditDesk
    from governance.chat_policy import ChatModelPolicy
    from governance.document_desk import DocumentDesk
    from governance.kept_words import KeptWords
    from governance.local_tokens import TokenAuthority
    from governance.redaction import Redactor
    from governance.retention import Retention
    from ingest.job_worker import JobWorker
    from ingest.jobs import Jobs
    from ingest.pipeline import Pipeline, Progress
    from ingest.reindex import Reindexer
    from ingest.ticket_redaction import TicketRedaction
    from ingest.uploads import Uploads
    from retrieval.embedding import QuestionQueue, SentenceTransformerEmbedder
    from retrieval.index import KnowledgeIndex
    from retrieval.ranker import LearnedRanker
    from retrieval.ranker_switch import RankerSwitch
    from retrieval.recorded_search import RecordedSearch
    from retrieval.reranker import CrossEncoderReranker
    from retrieval.retriever import Retriever
    from retrieval.sentence_vectors import SentenceVectors
    from retrieval.sync import IndexSync

_EMBEDDER_KEY = "embedder"
_INDEX_STATE_KEY = "index_state"
_REBUILDING = "rebuilding"
_COLLECTION = "partner_copilot"
_log = logging.getLogger("copilot.index")
_confidence_log = logging.getLogger("copilot.confidence")


class Assembly:
    """The running parts for one configuration. Close it when done."""

    def __init__(self, settings: Settings, clock: Clock = system_clock) -> None:
        self.settings = settings
        self.clock = clock

    @cached_property
    def database(self) -> Database:
        """The database with every floor's tables."""
        opened = self._opened_database()
        try:
            check_key(opened, self._audit_key)
        except BaseException:
            opened.close()
            raise
        return opened

    def accept_audit_key(self) -> None:
        """Go on with the audit key of now where the record was marked with another."""
        with closing(self._opened_database()) as opened:
            accept_key(opened, self._audit_key)

    def _opened_database(self) -> Database:
        # Tables register themselves; whoever opens the folder first creates all of them.
        from copilot import record_tables  # noqa: F401
        from governance import (  # noqa: F401
            api_key,
            derived_texts,
            housekeeping,
            notices,
            revocations,
            tables,
        )
        from ingest import job_tables  # noqa: F401
        from retrieval import sentence_vectors  # noqa: F401

        return open_database(self.settings.resolved_database_url, outside_key=self._audit_key)

    @cached_property
    def _audit_key(self) -> str:
        given = self.settings.audit_key
        return given.get_secret_value() if given else audit_key(self.settings.data_dir)

    @cached_property
    def catalog(self) -> Catalog:
        """The truth about documents."""
        return Catalog(self.database, self.clock)

    @cached_property
    def visible_catalog(self) -> VisibleCatalog:
        """The catalog through an asker's eyes."""
        return VisibleCatalog(self.catalog, self.clock)

    @cached_property
    def policy(self) -> PolicySource:
        """What needs a person, who gets it, how fast: as the file says at the moment."""
        from governance.audit.anchors import note_beginning

        source = PolicySource(self.settings.policy_file, self.database, self.clock)
        # By now the house's chain has begun.
        note_beginning(self.database, self.own_anchors_file, self.clock())
        return source

    @cached_property
    def limit_counters(self) -> "Storage":
        """Where requests are counted: in this process, or in Redis."""
        from governance.limiting import counters_at

        url = self.settings.limits_url
        return counters_at(url.get_secret_value() if url else None)

    @cached_property
    def redactor(self) -> "Redactor":
        """Takes personal data out; its model is loaded on first use."""
        from governance.redaction import Redactor

        return Redactor()

    @cached_property
    def blobs(self) -> BlobStore:
        """Original files."""
        return BlobStore(self.settings.resolved_blobs_url)

    @cached_property
    def embedder(self) -> "SentenceTransformerEmbedder":
        """The model; its weights are loaded on first use."""
        from retrieval.embedding import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(self.settings.embedder, self.settings.embedder_dtype)

    @cached_property
    def question_embedder(self) -> "QuestionQueue":
        """One bounded queue in front of the model."""
        from retrieval.embedding import QuestionQueue

        return QuestionQueue(self.embedder)

    @cached_property
    def index(self) -> "KnowledgeIndex":
        """Qdrant Edge in the data folder, or a Qdrant server."""
        new = self._check_index_fits()
        index = self._open_index()
        try:
            self._put_in_order(index)
        except BaseException:
            index.close()
            raise
        if new:
            # Not before it is open: a model that cannot be loaded has built nothing.
            self._remember({_EMBEDDER_KEY: self.settings.embedder})
        return index

    @property
    def index_folder(self) -> Path:
        """Where the embedded index lives."""
        return self.settings.data_dir / "index"

    @cached_property
    def retriever(self) -> "Retriever":
        """Search, with every hit checked against the catalog."""
        return self.retriever_through(self.visible_catalog)

    def retriever_through(self, catalog: VisibleCatalog) -> "Retriever":
        """Search through another view of the catalog: a measurement may hold documents out."""
        from retrieval.retriever import Retriever

        return Retriever(
            visible_catalog=catalog,
            index=self.index,
            embedder=self.question_embedder,
            sync=self.index_sync,
            reranker=self._reranker(),
            ranker=self._ranker(),
        )

    @cached_property
    def sentence_vectors(self) -> "SentenceVectors":
        """The sentences of chunks, for a trained ranker."""
        from retrieval.sentence_vectors import SentenceVectors

        return SentenceVectors(self.database, self.embedder)

    @property
    def ranker_folder(self) -> Path:
        """Where a trained ranker is kept."""
        return self.settings.data_dir / "ranker"

    @cached_property
    def ranker_switch(self) -> "RankerSwitch":
        """Turns the trained ranker on and off."""
        from retrieval.ranker_switch import RankerSwitch

        return RankerSwitch(
            database=self.database,
            folder=self.ranker_folder,
            embedder=self.settings.embedder,
            clock=self.clock,
        )

    @cached_property
    def index_sync(self) -> "IndexSync":
        """Keeps the index in step with the catalog."""
        from retrieval.sync import IndexSync

        return IndexSync(self.catalog, self.index)

    @cached_property
    def documents(self) -> "DocumentDesk":
        """What people do with documents: approve them, look at them again, delete them."""
        from copilot.citing import Answers
        from governance.document_desk import DocumentDesk

        return DocumentDesk(
            database=self.database,
            clock=self.clock,
            policy=self.policy.current,
            words=self.kept_words.of,
            catalog=self.catalog,
            visible=self.visible_catalog,
            answers=Answers(self.database),
            blobs=lambda: self.blobs,
            index=lambda: self.index_sync,
        )

    @cached_property
    def recorded_search(self) -> "RecordedSearch":
        """Search on the record, for whoever is not the house itself."""
        from retrieval.recorded_search import RecordedSearch

        return RecordedSearch(
            retriever=self.retriever,
            database=self.database,
            words=self.kept_words,
            policy=self.policy.current,
            clock=self.clock,
        )

    @cached_property
    def records(self) -> "Records":
        """What was asked and what came of it."""
        from copilot.records import Records

        return Records(self.database, self.kept_words.of)

    @cached_property
    def audit_desk(self) -> "AuditDesk":
        """The audit, for who may read it."""
        from governance.audit.desk import AuditDesk

        return AuditDesk(self.database, self.operator, self.clock, self.own_anchors)

    def own_anchors(self) -> "Anchors":
        """What the data folder remembers of the audit's chains, apart from the database."""
        from governance.audit.anchors import read_anchors

        path = self.own_anchors_file
        return read_anchors(path) if path.exists() else {}

    @property
    def own_anchors_file(self) -> Path:
        """Where that is kept, beside the database."""
        return self.settings.data_dir / "audit-anchors.jsonl"

    def operator(self) -> str:
        """The tenant that runs this house; empty where nobody does yet."""
        from governance.operator import operator_tenant

        return operator_tenant(self.settings, self.database)

    @cached_property
    def retention(self) -> "Retention":
        """Takes records out whose time is over."""
        from copilot.retention import OldEscalations, OldFeedback, OldOutcomes
        from governance.audit import Action
        from governance.notices import notices
        from governance.record_policy import RecordKind
        from governance.retention import Retention
        from governance.retention_classes import AuditTexts, TimedRows
        from ingest.job_tables import jobs

        return Retention(
            self.database,
            self.policy.current,
            (
                OldOutcomes(),
                OldEscalations(),
                OldFeedback(),
                AuditTexts(kind=RecordKind.SEARCHES, action=Action.SEARCHED),
                AuditTexts(kind=RecordKind.AUDIT_DETAILS),
                TimedRows(
                    kind=RecordKind.JOBS,
                    key=jobs.c.id,
                    tenant=jobs.c.tenant,
                    at=jobs.c.finished_at,
                    only=jobs.c.finished_at.is_not(None),
                ),
                TimedRows(
                    kind=RecordKind.NOTICES,
                    key=notices.c.id,
                    tenant=notices.c.tenant,
                    at=notices.c.created_at,
                    only=notices.c.next_at.is_(None),
                ),
            ),
        )

    @cached_property
    def kept_words(self) -> "KeptWords":
        """What people write, as it may be kept."""
        from governance.kept_words import KeptWords

        return KeptWords(self.redactor, self.policy.current)

    @cached_property
    def calibration(self) -> "CalibrationInForce":
        """What turns signals into confidence: the owner's own where it fits, else the shipped."""
        from copilot.calibration_in_force import calibration_in_force

        chosen = calibration_in_force(
            self.own_calibration_file, embedder=self.settings.embedder, corpus=self.corpus_sketch
        )
        if chosen.notice:
            _confidence_log.warning("%s", chosen.notice)
        return chosen

    @property
    def own_calibration_file(self) -> Path:
        """Where `eval calibrate` writes and the copilot looks."""
        from copilot.calibration_file import OWN

        return self.settings.data_dir / OWN

    def corpus_sketch(self) -> tuple[str, ...]:
        """What the documents of now that every partner may read are told apart by.

        Only of those: what one tenant keeps to itself must not move what another one gets.
        """
        from governance.corpus_sketch import sketch
        from governance.principal import EVERY_PARTNER

        visible = self.visible_catalog
        return sketch(visible.documents(visible.visibility(EVERY_PARTNER)))

    @cached_property
    def copilot(self) -> "Copilot":
        """The whole story from question to outcome."""
        return self.copilot_recording_to(self.records)

    def copilot_recording_to(
        self, records: "Records", retriever: "Retriever | None" = None
    ) -> "Copilot":
        """The same copilot with another place for its records: an evaluation keeps its own.

        It may search another way, too: through a catalog from which documents are held out.
        """
        from copilot.ask import Copilot
        from copilot.conversation import Conversations
        from copilot.extractive import ExtractiveWriter

        return Copilot(
            retriever=retriever or self.retriever,
            writer=ExtractiveWriter(),
            calibration=self.calibration.calibration,
            policy=self.policy.current,
            records=records,
            earlier=Conversations(records, self.visible_catalog),
            words=self.kept_words,
            clock=self.clock,
            wordings=self.wordings,
        )

    @cached_property
    def model_line(self) -> "ModelLine | None":
        """The way to the chat model; None where answers are quoted only."""
        model = self.chat_model
        if model is None:
            return None
        from copilot.budget import Budget
        from copilot.model_line import ModelLine

        budget = Budget(self._chat_policy, self.limit_counters, self.clock)
        return ModelLine(model, self._chat_policy, budget)

    @cached_property
    def chat_model(self) -> "Speaks | None":
        """The chat model itself."""
        if not self.settings.chat_model:
            return None
        from copilot.chat_model import LangChainModel

        return LangChainModel(
            self.settings.chat_model,
            base_url=self.settings.chat_base_url,
            api_key=self.settings.chat_api_key,
        )

    @cached_property
    def wordings(self) -> "Wordings | None":
        """Answers in a chat model's words, checked sentence by sentence; None without one."""
        line = self.model_line
        if line is None:
            return None
        from copilot.chat_writer import ChatWriter
        from copilot.grounding import Grounder, has_substance
        from copilot.queued_closeness import QueuedCloseness
        from copilot.wording import Wordings

        return Wordings(
            ChatWriter(line, self._chat_policy),
            Grounder(QueuedCloseness(self.question_embedder)),
            has_substance,
            self._chat_policy,
        )

    def _chat_policy(self) -> "ChatModelPolicy":
        return self.policy.current().chat_model

    @cached_property
    def pipeline(self) -> "Pipeline":
        """The way in."""
        from ingest.pipeline import Pipeline

        return Pipeline(
            catalog=self.catalog,
            index=self.index,
            embedder=self.embedder,
            blobs=self.blobs,
            tickets=self._ticket_redaction,
            sole_writer=self._is_alone,
            afterwards=self._read_sentences,
        )

    def _read_sentences(self) -> None:
        """What a ranker that is on must know of new documents."""
        if self._ranker() is not None:
            for _ in self.sentence_vectors.fill():
                pass

    def _ticket_redaction(self) -> "TicketRedaction":
        from governance.house_secret import derived_key
        from ingest.ticket_redaction import TicketRedaction

        return TicketRedaction(
            redact=self.redactor.sparing().redact,
            kinds=self.policy.current().redaction.tickets,
            key=derived_key(self._audit_key, "ticket rows"),
        )

    @cached_property
    def jobs(self) -> "Jobs":
        """Uploads that are to be read, and what became of those that were."""
        from ingest.jobs import Jobs

        return Jobs(self.database, self.clock)

    @cached_property
    def uploads(self) -> "Uploads":
        """Takes uploads in."""
        from ingest.uploads import Uploads

        return Uploads(
            database=self.database,
            clock=self.clock,
            blobs=self.blobs,
            jobs=self.jobs,
            policy=self.policy.current,
            folder=self.settings.data_dir / "incoming",
            wake=self.job_worker.wake,
        )

    @cached_property
    def job_worker(self) -> "JobWorker":
        """Reads uploads, once it is started."""
        from ingest.job_worker import JobWorker

        return JobWorker(
            jobs=self.jobs,
            blobs=self.blobs,
            catalog=self.catalog,
            pipeline=lambda: self.pipeline,
            clock=self.clock,
            alone=self._is_alone,
        )

    @property
    def _is_alone(self) -> bool:
        # Whoever has the embedded index's folder is the only one who writes to it.
        return self.settings.qdrant_url is None

    def reindex(self, on_progress: "Callable[[Progress], None]") -> "Progress":
        """Rebuild the index from the catalog, for the model that is configured now.

        Stopped half-way, an embedded index is what it was before; one on a server, and one that
        is stopped in the last moments, refuses to be searched until this is run again.
        """
        # Loaded first: a model that does not exist must cost nobody their index.
        dimensions = self.embedder.dimensions
        if self.settings.qdrant_url is None:
            done = self._reindex_embedded(dimensions, on_progress)
        else:
            done = self._reindex_server(dimensions, on_progress)
        self._read_sentences()
        return done

    def _reindex_embedded(
        self, dimensions: int, on_progress: "Callable[[Progress], None]"
    ) -> "Progress":
        from retrieval.edge_index import EdgeIndex

        with closing(EdgeIndex(self.index_folder, dimensions, rebuild=True)) as index:
            reindexer = self._reindexer(index)
            done = reindexer.build(on_progress)
            # Folder and database cannot change in one moment; between the two, nobody may search.
            self._remember({_INDEX_STATE_KEY: _REBUILDING})
            reindexer.settle()
            index.take_over()
            self._remember({_EMBEDDER_KEY: self.settings.embedder, _INDEX_STATE_KEY: ""})
        return done

    def _reindex_server(
        self, dimensions: int, on_progress: "Callable[[Progress], None]"
    ) -> "Progress":
        from retrieval.server_index import ServerIndex

        with closing(self._qdrant_client()) as client:
            # Nothing is remembered before the server has answered. Killed in between, the
            # collection is found missing.
            ServerIndex.discard(client, _COLLECTION)
            self._remember({_EMBEDDER_KEY: self.settings.embedder, _INDEX_STATE_KEY: _REBUILDING})
            index = ServerIndex(client, _COLLECTION, dimensions)
            reindexer = self._reindexer(index)
            done = reindexer.build(on_progress)
            reindexer.settle()
        self._remember({_INDEX_STATE_KEY: ""})
        return done

    def _reindexer(self, index: "KnowledgeIndex") -> "Reindexer":
        from ingest.reindex import Reindexer

        return Reindexer(catalog=self.catalog, index=index, embedder=self.embedder)

    @cached_property
    def tokens(self) -> "TokenAuthority":
        """Signs this house's own tokens; with a JWKS URL there are none."""
        from governance.local_tokens import TokenAuthority

        if self.settings.jwt_jwks_url is not None:
            raise ConfigurationError(
                "tokens come from the issuer of COPILOT_JWT_JWKS_URL, and ours would be refused; "
                "get one there, or make an API key with `partner-copilot keys create`"
            )
        return TokenAuthority(
            secret=self._secret,
            issuer=self.settings.jwt_issuer,
            audience=self.settings.jwt_audience,
            clock=self.clock,
        )

    @cached_property
    def access(self) -> "Access":
        """Who comes in: tokens, API keys, what was revoked, and who was turned away."""
        from governance.access import Access

        url = self.settings.jwt_jwks_url
        return Access(
            database=self.database,
            clock=self.clock,
            secret=self._secret,
            issuer=self.settings.jwt_issuer,
            audience=self.settings.jwt_audience,
            jwks_url=None if url is None else str(url),
        )

    @cached_property
    def _secret(self) -> str:
        from governance.house_secret import token_secret

        given = self.settings.jwt_secret
        return given.get_secret_value() if given else token_secret(self.settings.data_dir)

    def close(self) -> None:
        """Release what was opened, in the reverse order of its making."""
        made = vars(self)
        if "job_worker" in made:
            self.job_worker.stop()
        if "access" in made:
            self.access.close()
        if "question_embedder" in made:
            self.question_embedder.close()
        if "kept_words" in made:
            self.kept_words.close()
        if "index" in made:
            self.index.close()
        if "database" in made:
            self.database.close()

    def _reranker(self) -> "CrossEncoderReranker | None":
        if not self.settings.reranker:
            return None
        from retrieval.reranker import CrossEncoderReranker

        return CrossEncoderReranker(self.settings.reranker)

    def _ranker(self) -> "LearnedRanker | None":
        from retrieval.ranker_switch import current_ranker

        return current_ranker(self.ranker_switch, self.sentence_vectors)

    def _open_index(self) -> "KnowledgeIndex":
        if self.settings.qdrant_url is None:
            from retrieval.edge_index import EdgeIndex

            return EdgeIndex(self.index_folder, self.embedder.dimensions)
        from retrieval.server_index import ServerIndex

        return ServerIndex(self._qdrant_client(), _COLLECTION, self.embedder.dimensions)

    def _qdrant_client(self) -> "QdrantClient":
        from retrieval.server_index import connect

        key = self.settings.qdrant_api_key
        return connect(str(self.settings.qdrant_url), key.get_secret_value() if key else None)

    def _check_index_fits(self) -> bool:
        """Raise where the index must not be opened; returns whether there was none yet."""
        with self.database.read() as connection:
            state = read_text(connection, _INDEX_STATE_KEY)
            known = read_text(connection, _EMBEDDER_KEY)
        if state == _REBUILDING:
            raise ConfigurationError(
                "the index is only half rebuilt; run `partner-copilot reindex` again"
            )
        if known not in ("", self.settings.embedder):
            raise ConfigurationError(
                f"the index was built with the embedder {known!r}, COPILOT_EMBEDDER says "
                f"{self.settings.embedder!r}; set it back, or run `partner-copilot reindex`"
            )
        return not known

    def _put_in_order(self, index: "KnowledgeIndex") -> None:
        from retrieval.sync import IndexSync

        if self.settings.qdrant_url is None:
            # Whoever has the folder's lock is the only writer, so what was announced and is in
            # no catalog was left by a crash, and would take places from what can be read. With a
            # shared index it may be another's work under way; there, ingest sees to it.
            try:
                IndexSync(self.catalog, index).repair()
            except StorageError as error:
                _log.warning("the index was not put in order, and will be later: %s", error)
        if index.count():
            return
        documents = sum(one.chunk_count > 0 for one in self.catalog.newest())
        if documents:
            raise ConfigurationError(
                f"the index is missing or empty, the catalog has {documents} documents; "
                "run `partner-copilot reindex`"
            )

    def _remember(self, facts: Mapping[str, str]) -> None:
        with self.database.write() as connection:
            for key, value in facts.items():
                write_text(connection, key, value)
