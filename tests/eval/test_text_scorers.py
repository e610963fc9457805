"""Similarity of meaning, and ragas without a model."""

import math
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from eval.case import Case, Expected
from eval.judging import Judging, text_scorers
from eval.observation import CitedQuote, Observation
from eval.ragas_library import RagasMissingError
from eval.score import Metric
from eval.similarity import SemanticSimilarity
from foundation.clock import system_clock
from foundation.database import open_database
from foundation.settings import Settings
from governance.derived_texts import DerivedTexts
from governance.principal import Principal, Role

ASKER = Principal(subject="evaluation", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
REFERENCE = "Copies are kept for 60 days. Then they vanish."


def case(**changes):
    values = {
        "id": "a", "question": "How long?", "principal": ASKER, "expected": Expected.ANSWER,
        "category": "plain", "reference": REFERENCE,
    }  # fmt: skip
    return Case(**(values | changes))


def seen(text, **changes):
    return Observation(**({"kind": "answer", "text": text} | changes))


class LetterVectors:
    """Embeds a text as the letters that it has."""

    max_tokens = 6

    def __init__(self):
        self.longest = 0

    def embed_documents(self, texts):
        self.longest = max(self.longest, *(len(text.split()) for text in texts[1:]))
        rows = np.array([[text.lower().count(one) for one in "abcdefghijklm"] for text in texts])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def count_tokens(self, texts):
        return [1 for _ in texts]


class TestSimilarity:
    def test_the_same_text_is_as_near_as_can_be_and_markers_do_not_count(self):
        (score,) = SemanticSimilarity(LetterVectors()).scores(
            case(reference="abc"), seen("abc [1]")
        )
        assert score.value == pytest.approx(1.0)

    def test_a_text_with_nothing_in_common_is_as_far_as_can_be(self):
        (score,) = SemanticSimilarity(LetterVectors()).scores(case(reference="aaa"), seen("mmm"))
        assert score.value == 0.0

    def test_a_long_answer_is_read_to_its_end(self):
        vectors = LetterVectors()
        text = "a a a a a a b"
        (score,) = SemanticSimilarity(vectors).scores(case(reference="b"), seen(text))
        assert vectors.longest <= vectors.max_tokens - 2
        assert score.value > 0.0
        assert "in 2 pieces" in score.reason

    def test_silence_has_no_similarity(self):
        observed = seen("A person will answer.", kind="escalation")
        assert SemanticSimilarity(LetterVectors()).scores(case(), observed) == ()
        assert SemanticSimilarity(LetterVectors()).scores(case(reference=""), seen("x")) == ()


@pytest.fixture(scope="module")
def ragas():
    pytest.importorskip("ragas", reason="the extra `eval` is not installed")
    from eval.ragas_texts import RagasTexts

    return RagasTexts()


class TestRagasWithoutAModel:
    def values(self, ragas, text, reference=REFERENCE, **changes):
        scores = ragas.scores(case(reference=reference), seen(text, **changes))
        assert all(one.reason for one in scores)
        return {one.metric: one.value for one in scores}

    def test_the_reference_itself_is_perfect_by_every_metric(self, ragas):
        found = self.values(ragas, f"{REFERENCE} [1]")
        assert found == pytest.approx(
            dict.fromkeys(
                (
                    Metric.STRING_SIMILARITY, Metric.ROUGE_L_RECALL, Metric.BLEU, Metric.CHRF,
                    Metric.STRING_PRESENCE,
                ),
                1.0,
            )
        )  # fmt: skip

    def test_a_quote_around_the_reference_keeps_recall_and_loses_similarity(self, ragas):
        found = self.values(ragas, f"On storage: {REFERENCE} Ask your administrator for more. [1]")
        assert found[Metric.ROUGE_L_RECALL] == 1.0
        assert found[Metric.STRING_PRESENCE] == 1.0
        assert found[Metric.STRING_SIMILARITY] < 0.8

    def test_sentences_after_a_right_one_are_not_ignored(self, ragas):
        right = "Copies are kept for 60 days"
        found = self.values(ragas, f"{right}. Parrots sing. Trains run late.", reference=right)
        assert found[Metric.BLEU] < 0.9

    def test_an_unrelated_answer_is_far_from_it(self, ragas):
        found = self.values(ragas, "Parrots sing in the morning.")
        assert max(found.values()) < 0.5

    def test_quoted_spans_count_only_where_something_is_quoted(self, ragas):
        cited = (CitedQuote(uri="a.md", quote=REFERENCE, exact=True, readable=True),)
        right = self.values(ragas, 'It says "kept for 60 days".', citations=cited)
        wrong = self.values(ragas, 'It says "kept for 90 days".', citations=cited)
        none = self.values(ragas, "It says so.", citations=cited)
        assert (right[Metric.QUOTED_SPANS], wrong[Metric.QUOTED_SPANS]) == (1.0, 0.0)
        assert Metric.QUOTED_SPANS not in none

    def test_silence_and_a_missing_reference_have_no_scores(self, ragas):
        assert self.values(ragas, "x", reference="") == {}
        assert self.values(ragas, "A person will answer.", kind="escalation") == {}

    def test_a_text_that_cannot_be_scored_fails_with_a_reason(self, ragas):
        scores = ragas.scores(case(), seen("\ud800 broken"))
        assert all(one.reason and not math.isinf(one.value) for one in scores)


class TestWithoutRagas:
    @pytest.fixture
    def _uninstalled(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "ragas", None)

    @pytest.mark.usefixtures("_uninstalled")
    def test_what_needs_none_still_scores(self):
        scorers = text_scorers(LetterVectors())
        assert [type(one) for one in scorers] == [SemanticSimilarity]

    @pytest.mark.usefixtures("_uninstalled")
    def test_a_judge_is_refused_with_what_to_install(self, tmp_path):
        settings = Settings(
            data_dir=tmp_path, judge_model="openai:x", judge_base_url="http://127.0.0.1:9",
            judge_api_key="k",
        )  # fmt: skip
        with closing(open_database(f"sqlite:///{tmp_path}/copilot.db")) as database:
            replies = DerivedTexts(database, system_clock)
            with pytest.raises(RagasMissingError, match=r"partner-copilot\[eval\]"):
                Judging(settings, LetterVectors(), replies)

    def test_the_command_line_does_not_pay_for_it(self):
        code = (
            "import sys, cli, eval.command; cli.build_parser(); "
            "print(sorted({'ragas', 'langchain', 'torch', 'sklearn'} & set(sys.modules)))"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == "[]"
