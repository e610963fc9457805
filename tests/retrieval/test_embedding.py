import threading

import numpy as np
import pytest

from foundation.errors import StorageError
from retrieval.embedding import QuestionQueue
from tests.fakes.hash_embedder import HashEmbedder


class NotingEmbedder(HashEmbedder):
    """Notes how many questions came together; the first call waits until it is told to go on."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.go_on = threading.Event()

    def embed_questions(self, texts):
        self.batches.append(len(texts))
        self.go_on.wait(10)
        if "poison" in texts:
            raise ValueError("cannot embed this")
        return np.stack([self.embed_question(text) for text in texts])


def ask_all(queue: QuestionQueue, texts: list[str]) -> list[object]:
    results: list[object] = [None] * len(texts)

    def ask(at: int) -> None:
        try:
            results[at] = queue.embed_question(texts[at])
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[at] = error

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


def test_each_asker_gets_the_vector_of_their_own_question():
    embedder = NotingEmbedder()
    embedder.go_on.set()
    queue = QuestionQueue(embedder)
    texts = [f"question {number}" for number in range(12)]
    for text, vector in zip(texts, ask_all(queue, texts), strict=True):
        assert np.allclose(vector, embedder.embed_question(text))
    queue.close()


def test_no_question_is_computed_together_with_anothers():
    embedder = NotingEmbedder()
    queue = QuestionQueue(embedder)
    threading.Timer(0.3, embedder.go_on.set).start()
    ask_all(queue, [f"question {number}" for number in range(10)])
    assert embedder.batches == [1] * 10
    queue.close()


def test_a_failing_question_fails_its_asker_and_the_queue_goes_on():
    embedder = NotingEmbedder()
    embedder.go_on.set()
    queue = QuestionQueue(embedder)
    assert isinstance(ask_all(queue, ["poison"])[0], ValueError)
    assert np.allclose(queue.embed_question("sound"), embedder.embed_question("sound"))
    queue.close()


def test_after_closing_nobody_waits_for_ever():
    embedder = NotingEmbedder()
    embedder.go_on.set()
    queue = QuestionQueue(embedder)
    queue.close()
    with pytest.raises(StorageError, match="shutting down"):
        queue.embed_question("too late")
