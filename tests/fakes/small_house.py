"""The running parts over a folder, with models that take no time."""

import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from assembly import Assembly
from foundation.settings import Settings
from governance.document import ApprovalState
from governance.principal import Principal, Role
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun, Progress
from ingest.source import discover
from retrieval.query import Query
from tests.fakes.hash_embedder import HashEmbedder

PARTNER = Principal(subject="p", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


class OldModel(HashEmbedder):
    """The model that the index was built with. `meanwhile` happens before each document."""

    name = "old"

    def __init__(self, meanwhile: Callable[[str], None] = lambda _: None) -> None:
        self._meanwhile = meanwhile

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        self._meanwhile(texts[0])
        return super().embed_documents(texts)

    def embed_questions(self, texts: Sequence[str]) -> np.ndarray:
        return super().embed_documents(texts)


class NewModel(OldModel):
    """Another model, which reads less at once: vectors and chunks are others."""

    name = "new"
    dimensions = 32
    max_tokens = 40


class SmallHouse(Assembly):
    """The running parts with a model that takes no time."""

    def __init__(self, folder: Path, model: OldModel | None = None) -> None:
        chosen = model or OldModel()
        super().__init__(Settings(data_dir=folder / "data", embedder=chosen.name))
        self._chosen = chosen

    @cached_property
    def embedder(self) -> OldModel:  # type: ignore[override] # it stands in for the model
        return self._chosen

    def found(self, text: str) -> set[str]:
        query = Query(text=text, principal=PARTNER, limit=50)
        return {passage.uri for passage in self.retriever.search(query).passages}

    def rebuild(self) -> Progress:
        return self.reindex(lambda _: None)

    def ingest(self, corpus: Path, state: ApprovalState = ApprovalState.APPROVED) -> int:
        options = IngestOptions(tenant="northstar", audience=("partners",), approval=state)
        return self.pipeline.run(discover([corpus], options), IngestRun(workers=1)).added


def uri(name: str) -> str:
    return f"{name}.md"


def write(corpus: Path, name: str) -> None:
    corpus.mkdir(exist_ok=True)
    facts = "\n\n".join(
        f"The price of {name} in market {number} is agreed once a quarter by the buyers there."
        for number in range(12)
    )
    (corpus / uri(name)).write_text(f"# All about {name}\n\n{facts}\n")
