"""The index on a Qdrant server or cluster, shared by as many processes as like."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from foundation.errors import StorageError
from governance.visibility import Access, Visibility
from retrieval.index import DenseField, IndexPoint, LegHit, LegQuery, SparseField
from retrieval.keywords import SparseVector
from retrieval.layout import (
    BUILD_BREADTH,
    EXACT_BELOW,
    LINKS,
    REBUILD,
    SEARCH_BREADTH,
    Layout,
    layout_of,
)
from retrieval.payload import (
    KEY_INDEXES,
    AnyOf,
    Condition,
    KeyIndex,
    NoneOf,
    PayloadKey,
    Since,
    access_payload,
    document_condition,
    may_hit,
    parse_edition,
    point_payload,
    visibility_conditions,
)

# About 2 MB of JSON a request at 384 dimensions; servers refuse more than 32 MB.
_UPSERT_BATCH = 256
_MISSING_STATUS = 404
_TIMEOUT_SECONDS = 30
_REFUSED_STATUSES = frozenset({401, 403})


def connect(url: str, api_key: str | None) -> QdrantClient:
    """A client of the server at `url`. Nothing is asked of it yet."""
    return QdrantClient(
        url=url, api_key=api_key, timeout=_TIMEOUT_SECONDS, check_compatibility=False
    )


class ServerIndex:
    """A `KnowledgeIndex` in one collection of a Qdrant server, made when it is missing.

    `client` may be any `QdrantClient`; its `:memory:` mode stands in for a server in tests. The
    client is closed with the index. Writes return when the server has applied them.
    Raises `StorageError` when the server cannot be reached or refuses, and where the collection
    was made for other vectors.
    """

    def __init__(self, client: QdrantClient, collection: str, dimensions: int) -> None:
        self._client = client
        self._collection = collection
        self._dimensions = dimensions
        with _translated(f"open the collection {collection}"):
            if client.collection_exists(collection):
                self._require_same_layout()
            else:
                self._create()

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Write points; a point with a known id is replaced, vectors it lacks included."""
        for start in range(0, len(points), _UPSERT_BATCH):
            with _translated("write to the index"):
                self._client.upsert(
                    self._collection,
                    [_point(point) for point in points[start : start + _UPSERT_BATCH]],
                    wait=True,
                )

    def search(
        self, legs: Sequence[LegQuery], visibility: Visibility
    ) -> tuple[tuple[LegHit, ...], ...]:
        """Hits per leg, best first, in one request; every leg carries the whole filter."""
        asked = [leg for leg in legs if may_hit(leg)]
        if not asked:
            return tuple(() for _ in legs)
        rule = _filter(visibility_conditions(visibility))
        with _translated("search the index"):
            answers = iter(
                self._client.query_batch_points(
                    self._collection, [_query(leg, rule) for leg in asked]
                )
            )
        return tuple(_hits(next(answers).points) if may_hit(leg) else () for leg in legs)

    def score(
        self, field: DenseField, vector: Sequence[float], chunk_ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Cosine of the given points to a vector; points that do not exist are left out."""
        if not chunk_ids:
            return {}
        with _translated("compare points of the index"):
            found = self._client.query_points(
                self._collection,
                query=list(vector),
                using=field.value,
                query_filter=models.Filter(must=[models.HasIdCondition(has_id=list(chunk_ids))]),
                search_params=models.SearchParams(exact=True),
                limit=len(chunk_ids),
                with_payload=False,
            )
        return {hit.chunk_id: hit.score for hit in _hits(found.points)}

    def set_access(self, document_id: str, version: int, access: Access) -> None:
        """Replace what decides who may read one version, on all its points."""
        with _translated("write to the index"):
            self._client.set_payload(
                self._collection,
                access_payload(access),
                points=_filter([document_condition(document_id, version)]),
                wait=True,
            )

    def delete(self, document_id: str, version: int | None = None) -> None:
        """Remove one version's points, or all points of a document."""
        self._delete(_filter([document_condition(document_id, version)]))

    def flush(self) -> None:
        """Nothing to do: a write is answered when the server has it in its log."""

    def points_of(self, document_id: str) -> int:
        """Number of points of one document."""
        picked = _filter([document_condition(document_id, None)])
        with _translated("count a document's points"):
            return self._client.count(self._collection, count_filter=picked, exact=True).count

    def versions(self) -> Iterable[tuple[str, int]]:
        """Every (document id, version) that has points."""
        limit = max(1, self.count())
        with _translated("list the index's documents"):
            found = self._client.facet(
                self._collection, PayloadKey.EDITION.value, limit=limit, exact=True
            )
        return [parse_edition(str(hit.value)) for hit in found.hits if hit.count]

    def count(self) -> int:
        """Number of points."""
        with _translated("count the index's points"):
            return self._client.count(self._collection, exact=True).count

    def optimize(self) -> None:
        """Nothing to do: a server optimises in the background, by itself."""

    def clear(self) -> None:
        """Remove every point, for a rebuild."""
        self._delete(models.Filter())

    def close(self) -> None:
        """Close the connections. Calling it twice is no error."""
        with _translated("close the connection"):
            self._client.close()

    @staticmethod
    def discard(client: QdrantClient, collection: str) -> None:
        """Throw the collection away, for a rebuild with vectors of another kind."""
        with _translated(f"remove the collection {collection}"):
            client.delete_collection(collection)

    def _delete(self, picked: models.Filter) -> None:
        with _translated("delete from the index"):
            self._client.delete(
                self._collection, points_selector=models.FilterSelector(filter=picked), wait=True
            )

    def _create(self) -> None:
        self._client.create_collection(
            self._collection,
            vectors_config={
                field.value: models.VectorParams(
                    size=self._dimensions, distance=models.Distance.COSINE
                )
                for field in DenseField
            },
            sparse_vectors_config={
                field.value: models.SparseVectorParams() for field in SparseField
            },
            hnsw_config=models.HnswConfigDiff(
                m=LINKS,
                ef_construct=BUILD_BREADTH,
                full_scan_threshold=EXACT_BELOW * self._dimensions * 4 // 1024,
            ),
        )
        for key, kind in KEY_INDEXES:
            self._client.create_payload_index(
                self._collection, key.value, _key_index(kind), wait=True
            )

    def _require_same_layout(self) -> None:
        params = self._client.get_collection(self._collection).config.params
        dense = params.vectors if isinstance(params.vectors, dict) else {}
        found = layout_of(
            next((each.size for each in dense.values()), 0),
            dense=dense,
            sparse=params.sparse_vectors or {},
        )
        wanted: Layout = layout_of(self._dimensions)
        wanted.require_same(found, where=f"the collection {self._collection}")


def _point(point: IndexPoint) -> models.PointStruct:
    dense: dict[str, models.Vector] = {
        field.value: list(vector) for field, vector in point.dense.items()
    }
    sparse: dict[str, models.Vector] = {
        field.value: _sparse(vector) for field, vector in point.sparse.items() if vector.indices
    }
    return models.PointStruct(
        id=point.id,
        vector=dense | sparse,
        payload=point_payload(point.document_id, point.version, point.access),
    )


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


def _query(leg: LegQuery, rule: models.Filter) -> models.QueryRequest:
    if isinstance(leg.vector, SparseVector):
        return models.QueryRequest(
            query=_sparse(leg.vector), using=leg.field.value, filter=rule, limit=leg.limit
        )
    return models.QueryRequest(
        query=list(leg.vector),
        using=leg.field.value,
        filter=rule,
        limit=leg.limit,
        params=models.SearchParams(hnsw_ef=max(SEARCH_BREADTH, leg.limit)),
    )


def _hits(points: Iterable[models.ScoredPoint]) -> tuple[LegHit, ...]:
    return tuple(LegHit(chunk_id=UUID(str(point.id)).hex, score=point.score) for point in points)


def _filter(conditions: Sequence[Condition]) -> models.Filter:
    return models.Filter(
        must=[_condition(each) for each in conditions if not isinstance(each, NoneOf)],
        must_not=[_condition(each) for each in conditions if isinstance(each, NoneOf)],
    )


def _condition(condition: Condition) -> models.FieldCondition:
    key = condition.key.value
    if isinstance(condition, AnyOf | NoneOf):
        return models.FieldCondition(key=key, match=models.MatchAny(any=list(condition.values)))
    if isinstance(condition, Since):
        return models.FieldCondition(key=key, range=models.Range(gte=condition.day))
    return models.FieldCondition(key=key, range=models.Range(lte=condition.day))


def _key_index(kind: KeyIndex) -> models.KeywordIndexParams | models.IntegerIndexParams:
    if kind is KeyIndex.DAY:
        return models.IntegerIndexParams(
            type=models.IntegerIndexType.INTEGER, lookup=False, range=True, enable_hnsw=False
        )
    if kind is KeyIndex.READERS:
        return models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    return models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False)


@contextmanager
def _translated(deed: str) -> Iterator[None]:
    """Turn whatever the client raises into a `StorageError`.

    The client has no root for its errors (HTTP, gRPC, its local mode's ValueError). Their texts
    may quote addresses with credentials in them, so only the status or the type is passed on.
    """
    try:
        yield
    except StorageError:
        raise
    except UnexpectedResponse as error:
        raise StorageError(f"could not {deed}: {_explain_status(error.status_code)}") from error
    except Exception as error:
        raise StorageError(
            f"could not {deed}: no proper answer from Qdrant ({_root_type(error)}); check that the"
            " server at COPILOT_QDRANT_URL runs and can be reached from here"
        ) from error


def _explain_status(status: int | None) -> str:
    if status in _REFUSED_STATUSES:
        return f"Qdrant refused the key (status {status}); check COPILOT_QDRANT_API_KEY"
    if status == _MISSING_STATUS:
        return f"the collection is gone (status {status}); {REBUILD}"
    return f"Qdrant answered with status {status}; see the server's log for the reason"


def _root_type(error: BaseException) -> str:
    source = getattr(error, "source", None)
    return type(source if isinstance(source, BaseException) else error).__name__
