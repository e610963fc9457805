"""Where adapters meet ports, once for the command line and the HTTP interface.

Parts are made when they are first asked for, so that a command pays only for what it uses:
listing documents loads no model and takes no lock.
"""

from collections.abc import Callable
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.blobs import BlobStore
from foundation.clock import Clock, system_clock
from foundation.database import Database, open_database, read_text, write_text
from foundation.errors import ConfigurationError
from foundation.settings import Settings
from governance.catalog import Catalog
from governance.policy import Policy, load_policy
from governance.visible_catalog import VisibleCatalog

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

    from copilot.ask import Copilot
    from copilot.records import Records
    from governance.identity import TokenAuthority
    from ingest.pipeline import Pipeline, Progress
    from retrieval.embedding import QuestionQueue, SentenceTransformerEmbedder
    from retrieval.index import KnowledgeIndex
    from retrieval.reranker import CrossEncoderReranker
    from retrieval.retriever import Retriever

_EMBEDDER_KEY = "embedder"
_INDEX_STATE_KEY = "index_state"
_REBUILDING = "rebuilding"
_COLLECTION = "partner_copilot"


class Assembly:
    """The running parts for one configuration. Close it when done."""

    def __init__(self, settings: Settings, clock: Clock = system_clock) -> None:
        self.settings = settings
        self.clock = clock

    @cached_property
    def database(self) -> Database:
        """The database with every floor's tables."""
        import copilot.records  # noqa: F401 - tables register themselves
        import governance.tables  # noqa: F401 - tables register themselves

        return open_database(self.settings.resolved_database_url)

    @cached_property
    def catalog(self) -> Catalog:
        """The truth about documents."""
        return Catalog(self.database, self.clock)

    @cached_property
    def visible_catalog(self) -> VisibleCatalog:
        """The catalog through an asker's eyes."""
        return VisibleCatalog(self.catalog, self.clock)

    @cached_property
    def policy(self) -> Policy:
        """What needs a person, who gets it, how fast."""
        return load_policy(self.settings.policy_file)

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
        """One bounded, batching queue in front of the model."""
        from retrieval.embedding import QuestionQueue

        return QuestionQueue(self.embedder)

    @cached_property
    def index(self) -> "KnowledgeIndex":
        """Qdrant Edge in the data folder, or a Qdrant server."""
        self._check_index_fits()
        return self._open_index()

    @property
    def index_folder(self) -> Path:
        """Where the embedded index lives."""
        return self.settings.data_dir / "index"

    @cached_property
    def retriever(self) -> "Retriever":
        """Search, with every hit checked against the catalog."""
        from retrieval.retriever import Retriever
        from retrieval.sync import IndexSync

        return Retriever(
            visible_catalog=self.visible_catalog,
            index=self.index,
            embedder=self.question_embedder,
            sync=IndexSync(self.catalog, self.index),
            reranker=self._reranker(),
        )

    @cached_property
    def records(self) -> "Records":
        """What was asked and what came of it."""
        from copilot.records import Records

        return Records(self.database)

    @cached_property
    def copilot(self) -> "Copilot":
        """The whole story from question to outcome."""
        return self.copilot_recording_to(self.records)

    def copilot_recording_to(self, records: "Records") -> "Copilot":
        """The same copilot with another place for its records: an evaluation keeps its own."""
        from copilot.ask import Copilot
        from copilot.confidence import Calibration
        from copilot.extractive import ExtractiveWriter

        return Copilot(
            retriever=self.retriever,
            writer=ExtractiveWriter(),
            calibration=Calibration.load(),
            policy=self.policy,
            records=records,
            clock=self.clock,
        )

    @cached_property
    def pipeline(self) -> "Pipeline":
        """The way in."""
        from ingest.pipeline import Pipeline

        return Pipeline(
            catalog=self.catalog, index=self.index, embedder=self.embedder, blobs=self.blobs
        )

    def reindex(self, on_progress: "Callable[[Progress], None]") -> "Progress":
        """Rebuild the index from the catalog, for the model that is configured now.

        Stopped half-way, the index refuses to be searched until this is run again.
        """
        from ingest.reindex import Reindexer

        self._remember(_INDEX_STATE_KEY, _REBUILDING)
        if self.settings.qdrant_url is None:
            from retrieval.edge_index import EdgeIndex

            EdgeIndex.discard(self.index_folder)
        else:
            from retrieval.server_index import ServerIndex

            with closing(self._qdrant_client()) as client:
                ServerIndex.discard(client, _COLLECTION)
        self._remember(_EMBEDDER_KEY, self.settings.embedder)
        with closing(self._open_index()) as index:
            done = Reindexer(catalog=self.catalog, index=index, embedder=self.embedder).run(
                on_progress
            )
        self._remember(_INDEX_STATE_KEY, "")
        return done

    @cached_property
    def tokens(self) -> "TokenAuthority":
        """Signs and checks tokens."""
        from governance.identity import TokenAuthority, token_secret

        secret = self.settings.jwt_secret
        return TokenAuthority(
            secret=secret.get_secret_value() if secret else token_secret(self.settings.data_dir),
            issuer=self.settings.jwt_issuer,
            audience=self.settings.jwt_audience,
            clock=self.clock,
        )

    def close(self) -> None:
        """Release what was opened, in the reverse order of its making."""
        made = vars(self)
        if "question_embedder" in made:
            self.question_embedder.close()
        if "index" in made:
            self.index.close()
        if "database" in made:
            self.database.close()

    def _reranker(self) -> "CrossEncoderReranker | None":
        if not self.settings.reranker:
            return None
        from retrieval.reranker import CrossEncoderReranker

        return CrossEncoderReranker(self.settings.reranker)

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

    def _check_index_fits(self) -> None:
        with self.database.read() as connection:
            state = read_text(connection, _INDEX_STATE_KEY)
            known = read_text(connection, _EMBEDDER_KEY)
        if state == _REBUILDING:
            raise ConfigurationError(
                "the index is only half rebuilt; run `partner-copilot reindex` again"
            )
        if not known:
            self._remember(_EMBEDDER_KEY, self.settings.embedder)
        elif known != self.settings.embedder:
            raise ConfigurationError(
                f"the index was built with the embedder {known!r}, COPILOT_EMBEDDER says "
                f"{self.settings.embedder!r}; set it back, or run `partner-copilot reindex`"
            )

    def _remember(self, key: str, value: str) -> None:
        with self.database.write() as connection:
            write_text(connection, key, value)
