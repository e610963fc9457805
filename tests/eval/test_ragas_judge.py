"""Ragas with a judge model: a scripted server on this machine stands in for any provider."""

import json
import math
from contextlib import closing

import numpy as np
import pytest
from sqlalchemy import select

from eval.case import Case, Expected, Gold
from eval.judge import with_judgements
from eval.judge_model import (
    CountedJudge,
    JudgeModelError,
    JudgeSilentError,
    JudgeUse,
    judge_from,
    price_of,
)
from eval.judging import Judging
from eval.observation import CitedQuote, Observation, SeenPassage
from eval.ragas_judge import RagasJudge
from eval.score import Metric
from eval.scoring import judge
from eval.summary import summarise
from foundation.clock import system_clock
from foundation.database import open_database
from foundation.errors import ConfigurationError
from foundation.settings import Settings, load_settings
from governance.derived_texts import DerivedTexts, derived_texts
from governance.principal import Principal, Role
from tests.fakes.judge_server import judge_server, sensible

pytest.importorskip("ragas", reason="the extra `eval` is not installed")

ASKER = Principal(subject="evaluation", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
SOURCE = "Gold partners get a first response within two hours."
JUDGED = [
    Metric.FAITHFULNESS,
    Metric.ANSWER_RELEVANCY,
    Metric.JUDGED_CONTEXT_PRECISION,
    Metric.JUDGED_CONTEXT_RECALL,
    Metric.FACTUAL_CORRECTNESS,
]


class WordVectors:
    """Embeds a text as the words of a few that it has."""

    max_tokens = 256

    def embed_documents(self, texts):
        words = ("gold", "partners", "first", "response", "hours", "when")
        rows = np.array([[float(one in text.lower()) for one in words] for text in texts])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def count_tokens(self, texts):
        return [1 for _ in texts]


def case(**changes):
    values = {
        "id": "sla",
        "question": "When do gold partners get a first response?",
        "principal": ASKER,
        "expected": Expected.ANSWER,
        "category": "plain",
        "gold": (Gold(uri="sla.md"),),
        "reference": SOURCE,
    }
    return Case(**(values | changes))


def seen(**changes):
    values = {
        "kind": "answer",
        "standalone": "When do gold partners get a first response?",
        "text": f"{SOURCE} [1]",
        "confidence": 0.9,
        "citations": (CitedQuote(uri="sla.md", quote=SOURCE, exact=True, readable=True),),
        "ranking": ("sla.md",),
        "passages": (
            SeenPassage(
                rank=1, uri="sla.md", doc_type="policy", heading_path=(), text=SOURCE,
                dense_score=0.5, keyword_score=3.0,
            ),
        ),
    }  # fmt: skip
    return Observation(**(values | changes))


def settings(folder, url, key="k", **more):
    return Settings(
        data_dir=folder, judge_model="openai:judge", judge_base_url=url, judge_api_key=key, **more
    )


def judged_by(folder, url, *observed, runs=1, **more):
    """The cases after judging, and what that took."""
    with closing(opened(folder)) as database:
        replies = DerivedTexts(database, system_clock)
        judging = Judging(settings(folder, url, **more), WordVectors(), replies, runs=runs)
        done = judging.judge([judge(*one) for one in observed or [(case(), seen())]])
    return done, judging.use


def opened(folder):
    return open_database(f"sqlite:///{folder}/copilot.db")


def impatient(folder, url, database):
    judging = CountedJudge(judge_from(settings(folder, url)))
    replies = DerivedTexts(database, system_clock)
    ragas = RagasJudge(judge=judging, replies=replies, embedder=WordVectors(), time_limit=0.3)
    return judging, ragas


def test_a_right_answer_gets_every_judged_score_with_a_reason(tmp_path):
    with judge_server() as server:
        (done,), _ = judged_by(tmp_path, server.url)
    assert [done.value(metric) for metric in JUDGED] == pytest.approx([1.0] * 5, abs=0.01)
    assert all(done.score(metric).reason for metric in JUDGED)


def test_what_the_sources_do_not_say_costs_faithfulness_and_is_named(tmp_path):
    invented = seen(text=f"{SOURCE} Silver partners wait for a fortnight. [1]")
    with judge_server() as server:
        (done,), _ = judged_by(tmp_path, server.url, (case(), invented))
    assert done.value(Metric.FAITHFULNESS) == 0.5
    assert "Silver partners wait for a fortnight" in done.score(Metric.FAITHFULNESS).reason
    assert done.value(Metric.FACTUAL_CORRECTNESS) < 1.0


def test_a_passage_that_does_not_help_costs_context_precision(tmp_path):
    unhelpful = SeenPassage(
        rank=1, uri="x.md", doc_type="faq", heading_path=(), text="Parrots eat seeds.",
        dense_score=0.6, keyword_score=0.0,
    )  # fmt: skip
    observed = seen(passages=(unhelpful, *seen().passages))
    with judge_server() as server:
        (done,), _ = judged_by(tmp_path, server.url, (case(), observed))
    assert done.value(Metric.JUDGED_CONTEXT_PRECISION) == pytest.approx(0.5)


def test_silence_is_not_judged_as_an_answer_and_no_context_is_worth_nothing(tmp_path):
    silent = seen(kind="escalation", citations=(), passages=(), ranking=())
    off_topic = case(expected=Expected.ESCALATION, gold=(), reference="")
    with judge_server() as server:
        (first, second), use = judged_by(
            tmp_path, server.url, (case(), silent), (off_topic, silent)
        )
    assert first.value(Metric.FAITHFULNESS) is None
    assert first.value(Metric.JUDGED_CONTEXT_RECALL) == 0.0
    assert [second.value(metric) for metric in JUDGED] == [None] * 5
    assert use.calls == 0


def test_a_second_evaluation_costs_nothing_and_scores_the_same(tmp_path):
    with judge_server() as server:
        (before,), first = judged_by(tmp_path, server.url, judge_price="1,2")
        asked = len(server.prompts)
        (after,), second = judged_by(tmp_path, server.url, judge_price="1,2")
        assert len(server.prompts) == asked
    assert first.calls == asked > 0
    assert first.cost == (first.input_tokens + 2 * first.output_tokens) / 1_000_000 > 0
    assert (second.calls, second.input_tokens, second.cost) == (0, 0, 0.0)
    assert second.cached == first.calls
    assert after.scores == before.scores


def test_repeated_runs_ask_anew_and_give_mean_and_band(tmp_path):
    answers = iter([1, 0, 1] * 50)

    def moody(prompt):
        if '"title": "ContextRecallOutput"' not in prompt:
            return sensible(prompt)
        attributed = next(answers)
        one = {"statement": "s", "reason": "a mood", "attributed": attributed}
        return json.dumps({"classifications": [one]})

    with judge_server(moody) as server:
        done, use = judged_by(tmp_path, server.url, runs=3)
    (one,) = done
    assert sorted(one.score(Metric.JUDGED_CONTEXT_RECALL).runs) == [0.0, 1.0, 1.0]
    assert one.value(Metric.JUDGED_CONTEXT_RECALL) == pytest.approx(2 / 3)
    mean = summarise(done, judge=use).overall.means[Metric.JUDGED_CONTEXT_RECALL]
    assert mean.band == (0.0, 1.0)
    assert use.runs == 3


class TestAJudgeThatFails:
    """Whatever a judge does, the evaluation goes on and says for each score what was wrong."""

    def failed(self, done):
        return [done.score(metric) for metric in JUDGED if done.score(metric).failed]

    def test_one_that_is_down_fails_every_score_and_is_not_asked_for_ever(self, tmp_path):
        with judge_server() as server:
            gone = server.url
        cases = [(case(id=str(number)), seen()) for number in range(4)]
        done, use = judged_by(tmp_path, gone, *cases)
        assert all(len(self.failed(one)) == 5 for one in done)
        assert "gave no reply" in done[0].score(Metric.FAITHFULNESS).reason
        assert "not asked again" in done[-1].score(Metric.FACTUAL_CORRECTNESS).reason
        assert use.failed < 20

    def test_one_that_refuses_fails_with_how_it_refused(self, tmp_path):
        with judge_server() as server:
            server.status = 401
            (done,), use = judged_by(tmp_path, server.url)
        assert len(self.failed(done)) == 5
        assert "HTTP status 401" in done.score(Metric.FAITHFULNESS).reason
        assert use.calls == use.failed

    @pytest.mark.parametrize("status", [400, 401, 403, 500])
    def test_a_key_that_a_server_repeats_is_not_told(self, tmp_path, status):
        with judge_server() as server:
            server.status, server.refusal = status, "wrong key: top-secret-key"
            (done,), _ = judged_by(tmp_path, server.url, key="top-secret-key")
        reason = done.score(Metric.FAITHFULNESS).reason
        assert f"HTTP status {status}" in reason
        assert "secret" not in reason

    def test_nor_one_of_the_providers_own_variable(self, tmp_path, monkeypatch):
        key = "sk-of-the-environment"
        with judge_server() as server:
            monkeypatch.setenv("OPENAI_API_KEY", key)
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            server.status, server.refusal = 401, f"wrong key: {key}"
            with pytest.raises(JudgeSilentError) as refused:
                judge_from(Settings(data_dir=tmp_path, judge_model="openai:judge")).reply("Hello?")
        assert server.keys[0] == f"Bearer {key}"
        assert "of-the-environment" not in str(refused.value)

    def test_one_that_is_slow_fails_in_time(self, tmp_path):
        with judge_server() as server:
            server.seconds = 1.0
            with closing(opened(tmp_path)) as database:
                counted, ragas = impatient(tmp_path, server.url, database)
                (done,) = with_judgements([judge(case(), seen())], ragas)
        assert len(self.failed(done)) == 5
        assert "within 0.3 seconds" in done.score(Metric.FAITHFULNESS).reason
        assert counted.use.failed == 5

    @pytest.mark.parametrize(
        ("rubbish", "told"),
        [
            ("I would rather talk about trains.", "without JSON"),
            ('{"answer": 42}', "does not fit"),
            ("{broken", "without JSON"),
            ("", "without JSON"),
        ],
    )
    def test_one_that_replies_with_rubbish_fails_with_what_it_said(self, tmp_path, rubbish, told):
        with judge_server(lambda _: rubbish) as server:
            (done,), use = judged_by(tmp_path, server.url)
        assert len(self.failed(done)) == 5
        assert told in done.score(Metric.FAITHFULNESS).reason
        assert use.unusable == use.calls > 0

    def test_rubbish_is_asked_about_once_more_and_not_kept(self, tmp_path):
        first = set()

        def late(prompt):
            key = prompt.partition("Your reply was:")[0].strip()
            if key in first:
                return sensible(key)
            first.add(key)
            return "Let me think."

        with judge_server(late) as server:
            (done,), use = judged_by(tmp_path, server.url)
        assert not self.failed(done)
        assert use.unusable > 0
        with closing(opened(tmp_path)) as database, database.read() as connection:
            texts = list(connection.execute(select(derived_texts.c.text)).scalars())
        assert texts
        assert not any("think" in text for text in texts)

    def test_a_verdict_that_is_none_and_missing_verdicts_are_failures(self, tmp_path):
        def odd(prompt):
            if '"title": "NLIStatementOutput"' in prompt:
                return '{"statements": []}'
            if '"title": "ContextPrecisionOutput"' in prompt:
                return '{"reason": "very good", "verdict": 7}'
            return sensible(prompt)

        with judge_server(odd) as server:
            (done,), _ = judged_by(tmp_path, server.url)
        failed = {score.metric for score in self.failed(done)}
        assert failed == {
            Metric.FAITHFULNESS,
            Metric.JUDGED_CONTEXT_PRECISION,
            Metric.FACTUAL_CORRECTNESS,
        }

    def test_a_failure_counts_as_the_worst_value_and_is_told(self, tmp_path):
        invalid = "forbidden things"

        def picky(prompt):
            return "no" if invalid in prompt else sensible(prompt)

        refused = seen(text=f"{SOURCE} And {invalid}. [1]")
        with judge_server(picky) as server:
            done, use = judged_by(tmp_path, server.url, (case(), seen()), (case(id="b"), refused))
        mean = summarise(done, judge=use).overall.means[Metric.FAITHFULNESS]
        assert (mean.value, mean.cases, mean.failed) == (0.5, 2, 1)
        assert math.isnan(done[1].value(Metric.FAITHFULNESS))


class TestSettings:
    def test_no_judge_says_what_to_set(self, tmp_path):
        with pytest.raises(JudgeModelError, match="COPILOT_JUDGE_MODEL"):
            judge_from(Settings(data_dir=tmp_path))

    @pytest.mark.parametrize("name", ["judge", "nobody:judge", "openai:"])
    def test_a_model_that_cannot_be_made_is_named(self, tmp_path, name):
        with pytest.raises(JudgeModelError, match=name):
            judge_from(Settings(data_dir=tmp_path, judge_model=name))

    def test_the_chat_models_endpoint_serves_a_judge_of_the_same_provider_only(self, tmp_path):
        shared = {"chat_base_url": "http://127.0.0.1:9/v1", "chat_api_key": "k"}
        same = Settings(data_dir=tmp_path, chat_model="openai:a", judge_model="openai:b", **shared)
        assert judge_from(same).name == "openai:b at http://127.0.0.1:9/v1"
        other = Settings(
            data_dir=tmp_path, chat_model="ollama:a", judge_model="openai:b",
            judge_api_key="own", **shared,
        )  # fmt: skip
        assert judge_from(other).name == "openai:b"

    @pytest.mark.parametrize("chat_model", ["", "ollama:a"])
    def test_a_chat_key_of_nobody_knows_which_provider_is_not_the_judges(
        self, tmp_path, monkeypatch, chat_model
    ):
        with judge_server(lambda _: "I am the judge.") as server:
            monkeypatch.setenv("OPENAI_API_KEY", "own")
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            given = Settings(
                data_dir=tmp_path, chat_model=chat_model, judge_model="openai:b",
                chat_api_key="of-another", chat_base_url="http://127.0.0.1:9/v1",
            )  # fmt: skip
            judge_from(given).reply("Who are you?")
            assert server.keys == ["Bearer own"]

    def test_what_follows_a_question_mark_in_the_endpoint_is_not_shown(self, tmp_path):
        given = settings(tmp_path, "http://127.0.0.1:9/v1?token=t")
        assert judge_from(given).name == "openai:judge at http://127.0.0.1:9/v1"

    def test_a_key_of_the_environment_does_not_travel_to_the_endpoint(self, tmp_path, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "of-another-program")
        with judge_server(lambda _: "I am the judge.") as server:
            given = settings(tmp_path, server.url).model_copy(update={"judge_api_key": None})
            assert judge_from(given).reply("Who are you?").text == "I am the judge."
            assert server.keys == ["Bearer none"]

    @pytest.mark.parametrize("provider", ["anthropic", "ollama"])
    def test_other_providers_are_one_setting_away(self, tmp_path, provider):
        pytest.importorskip(f"langchain_{provider}", reason="that provider is not installed")
        given = settings(tmp_path, "http://127.0.0.1:9").model_copy(
            update={"judge_model": f"{provider}:judge"}
        )
        with pytest.raises(JudgeSilentError):
            judge_from(given).reply("Anybody there?")

    def test_a_price_is_two_numbers(self, tmp_path, monkeypatch):
        assert price_of(Settings(data_dir=tmp_path, judge_price="0.15, 0.60")) == (0.15, 0.6)
        monkeypatch.setenv("COPILOT_JUDGE_PRICE", "cheap")
        with pytest.raises(ConfigurationError, match="COPILOT_JUDGE_PRICE"):
            load_settings()

    def test_without_a_price_there_is_no_cost(self):
        assert JudgeUse(model="m").cost is None
