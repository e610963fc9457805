from collections.abc import Iterator

import pytest
from qdrant_client import QdrantClient, models

from foundation.errors import StorageError
from retrieval.server_index import ServerIndex
from tests.fakes.index_points import DIMENSIONS, PARTNER, legs, point

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client = QdrantClient(":memory:")
    yield client
    client.close()


def test_a_second_index_on_the_collection_sees_what_the_first_wrote(client: QdrantClient) -> None:
    ServerIndex(client, "chunks", DIMENSIONS).upsert([point(1)])
    assert ServerIndex(client, "chunks", DIMENSIONS).count() == 1


def test_vectors_of_another_length_need_a_reindex(client: QdrantClient) -> None:
    ServerIndex(client, "chunks", DIMENSIONS)
    with pytest.raises(StorageError, match="partner-copilot reindex"):
        ServerIndex(client, "chunks", DIMENSIONS + 1)
    ServerIndex.discard(client, "chunks")
    ServerIndex(client, "chunks", DIMENSIONS + 1)


def test_somebody_elses_collection_is_refused(client: QdrantClient) -> None:
    client.create_collection(
        "chunks", models.VectorParams(size=DIMENSIONS, distance=models.Distance.DOT)
    )
    with pytest.raises(StorageError, match="partner-copilot reindex"):
        ServerIndex(client, "chunks", DIMENSIONS)


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_server_that_is_not_there_is_a_storage_error_without_secrets() -> None:
    client = QdrantClient(
        url="http://somebody:hush@127.0.0.1:9", api_key="hush", check_compatibility=False, timeout=2
    )
    with pytest.raises(StorageError, match="COPILOT_QDRANT_URL") as caught:
        ServerIndex(client, "chunks", DIMENSIONS)
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_closed_client_is_a_storage_error(client: QdrantClient) -> None:
    index = ServerIndex(client, "chunks", DIMENSIONS)
    index.close()
    index.close()
    with pytest.raises(StorageError):
        index.search(legs(1), PARTNER)
