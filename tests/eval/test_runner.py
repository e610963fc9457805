import math
from datetime import UTC, datetime

from copilot.answer import Answer, Band, Citation, Courtesy, Escalation, Handover, Reason
from copilot.ask import Reply
from copilot.schemas import outcome_json
from eval.case import Case, Expected, Gold
from eval.observation import CitedQuote
from eval.runner import Runner
from eval.score import Cause, Metric, Score
from eval.summary import summarise
from governance.principal import Principal, Role
from retrieval.chunk import Chunk, Locator
from retrieval.keywords import TermStatistics
from retrieval.passage import Passage
from retrieval.retriever import Found

ASKER = Principal(subject="evaluation", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))


def case(identity="a-1", question="How long?", **changes):
    values = {
        "id": identity,
        "question": question,
        "principal": ASKER,
        "expected": Expected.ANSWER,
        "category": "plain",
        "gold": (Gold(uri="gold.md"),),
    }
    return Case(**(values | changes))


def citation(uri):
    return Citation(
        key=1, passage_id="p", document_id="d", uri=uri, title="Copies", doc_type="faq",
        version=1, approved_by="someone", approved_at=datetime(2026, 1, 1, tzinfo=UTC),
        heading_path=("Copies",), page=None, start=0, end=4, quote="text",
    )  # fmt: skip


def answer(uri="gold.md", confidence=0.9):
    return Answer(
        text="Sixty days. [1]", confidence=confidence, band=Band.HIGH, review_required=False,
        citations=(citation(uri),), writer="extractive",
    )  # fmt: skip


def escalation(confidence=0.2):
    return Escalation(
        text="A person will answer.", confidence=confidence, band=Band.LOW, citations=(),
        reason=Reason.LOW_CONFIDENCE, missing="nothing about it", writer="extractive",
        handover=Handover(
            id="esc_1", queue="support", priority="normal",
            due_at=datetime(2026, 11, 24, tzinfo=UTC),
        ),
    )  # fmt: skip


class ScriptedCopilot:
    """Gives each question its outcome; an exception is raised."""

    def __init__(self, outcomes):
        self.outcomes = outcomes
        self.asked = []
        self.standalone = {}

    def ask(self, asked):
        self.asked.append(asked)
        outcome = self.outcomes[asked.text]
        if isinstance(outcome, Exception):
            raise outcome
        body = outcome_json(
            outcome, outcome_id="out_1", question=asked.text,
            standalone_question=self.standalone.get(asked.text, asked.text),
            conversation_id=asked.conversation_id, elapsed_ms=1,
        )  # fmt: skip
        return Reply(outcome=outcome, body=body, signals=None)


class ScriptedRetriever:
    """Finds the same documents for every question."""

    def __init__(self, *uris):
        self.passages = tuple(passage(uri, rank) for rank, uri in enumerate(uris, start=1))
        self.searched = []

    def search(self, query):
        self.searched.append(query.text)
        statistics = TermStatistics(chunks=0, chunks_with_term={})
        return Found(passages=self.passages, versions={}, statistics=statistics)


class Trusting:
    """Takes every citation for exact and readable."""

    def checked(self, case, outcome):
        del case
        citations = getattr(outcome, "citations", ())
        return tuple(
            CitedQuote(uri=one.uri, quote=one.quote, exact=True, readable=True) for one in citations
        )

    def gold_types(self, case):
        return tuple("faq" for _ in case.gold)


def passage(uri, rank):
    chunk = Chunk(
        id=f"{rank:032x}", document_id=uri, version=1, ordinal=0, header="", text="text",
        locator=Locator(heading_path=(), page=None, start=0, end=4),
    )  # fmt: skip
    return Passage(
        chunk=chunk, uri=uri, title=uri, doc_type="faq", dense_score=0.5, keyword_score=1.0,
        fused_score=1.0, rank=rank,
    )  # fmt: skip


def runner(outcomes, *uris):
    copilot = ScriptedCopilot(outcomes)
    return copilot, Runner(copilot=copilot, retriever=ScriptedRetriever(*uris), check=Trusting())


def test_each_case_is_asked_as_its_principal_and_judged():
    copilot, run = runner({"How long?": answer()}, "gold.md", "gold.md", "other.md")
    (judged,) = run.run([case()])
    assert copilot.asked[0].principal == ASKER
    assert judged.seen.ranking == ("gold.md", "other.md")
    assert judged.value(Metric.RIGHT_CITATION) == 1.0
    assert judged.cause is None


def test_a_crash_of_one_case_is_recorded_and_the_next_is_asked():
    _, run = runner({"How long?": ValueError("boom\nand more"), "Why?": answer()}, "gold.md")
    crashed, fine = run.run([case(), case("a-2", "Why?")])
    assert crashed.cause is Cause.CRASHED
    assert crashed.seen.error == "ValueError: boom"
    assert fine.cause is None


def test_earlier_questions_are_asked_first_in_the_same_conversation():
    copilot, run = runner({"Copies?": answer(), "How long?": answer()}, "gold.md")
    run.run([case(history=("Copies?",))])
    assert [one.text for one in copilot.asked] == ["Copies?", "How long?"]
    assert copilot.asked[0].conversation_id == copilot.asked[1].conversation_id


def test_a_follow_up_is_searched_for_as_the_copilot_understood_it():
    copilot = ScriptedCopilot({"Copies?": answer(), "And then?": answer()})
    copilot.standalone = {"And then?": "And then, with copies?"}
    retriever = ScriptedRetriever("gold.md")
    run = Runner(copilot=copilot, retriever=retriever, check=Trusting())
    (judged,) = run.run([case(question="And then?", history=("Copies?",))])
    assert judged.seen.standalone == "And then, with copies?"
    assert retriever.searched == ["And then, with copies?"]


def test_what_a_report_shows_is_kept_of_each_case():
    _, run = runner({"How long?": escalation()}, "gold.md", "other.md")
    (judged,) = run.run([case()])
    seen = judged.seen
    assert [(one.rank, one.uri, one.doc_type) for one in seen.passages] == [
        (1, "gold.md", "faq"),
        (2, "other.md", "faq"),
    ]
    assert (seen.reason, seen.writer, seen.doc_type) == ("low_confidence", "extractive", "faq")
    assert [one.name for one in seen.stages] == ["ask", "search"]
    assert seen.ask_ms > 0
    assert seen.search_ms > 0


def test_scorers_add_their_scores_and_are_not_asked_about_a_crash():
    class Fond:
        def scores(self, case, seen):
            del case, seen
            return [Score(metric=Metric.BLEU, value=0.5, reason="fond of it")]

    copilot = ScriptedCopilot({"How long?": answer(), "Why?": ValueError("boom")})
    run = Runner(
        copilot=copilot, retriever=ScriptedRetriever("gold.md"), check=Trusting(), scorers=[Fond()]
    )
    fine, crashed = run.run([case(), case("a-2", "Why?")])
    assert fine.value(Metric.BLEU) == 0.5
    assert crashed.value(Metric.BLEU) is None


def test_two_cases_never_share_a_conversation():
    copilot, run = runner({"How long?": answer()}, "gold.md")
    run.run([case(), case("a-2")])
    assert copilot.asked[0].conversation_id != copilot.asked[1].conversation_id


def test_progress_is_told_after_each_case():
    seen = []
    _, run = runner({"How long?": answer()}, "gold.md")
    run.run([case(), case("a-2")], lambda judged: seen.append(judged.case.id))
    assert seen == ["a-1", "a-2"]


def test_what_an_escalation_shows_can_leak():
    _, run = runner({"How long?": escalation()}, "gold.md")
    (judged,) = run.run([case(forbidden=("nothing about it",))])
    assert judged.cause is Cause.LEAKED


class TestSummary:
    def judged(self):
        silent = {"expected": Expected.ESCALATION, "gold": (), "category": "none"}
        _, run = runner(
            {"right": answer(), "wrong": answer("other.md"), "held": escalation(0.4),
             "none": escalation(0.1), "bye": Courtesy(text="Bye.")},
            "gold.md",
        )  # fmt: skip
        return run.run(
            [
                case("1", "right"),
                case("2", "wrong"),
                case("3", "held"),
                case("4", "none", **silent),
                case("5", "bye", expected=Expected.COURTESY, gold=(), category="polite"),
            ]
        )

    def test_figures_overall_and_per_category(self):
        summary = summarise(self.judged())
        assert [group.name for group in summary.categories] == ["plain", "none", "polite"]
        assert summary.overall.means[Metric.RIGHT_KIND].value == 0.8
        assert summary.overall.means[Metric.RIGHT_CITATION].value == 0.5
        assert summary.overall.means[Metric.RIGHT_CITATION].cases == 2
        assert summary.overall.right_citation_of_all == 1 / 3
        assert summary.overall.leaks == 0

    def test_misses_are_listed_with_their_causes(self):
        misses = summarise(self.judged()).misses
        assert [(one.case.id, one.cause) for one in misses] == [
            ("2", Cause.WRONG_SPAN),
            ("3", Cause.WRONG_VERDICT),
        ]

    def test_confidence_is_judged_on_answerable_and_unanswerable_alike(self):
        silence = summarise(self.judged()).silence
        assert silence.auroc == 1.0
        assert silence.risk_at[0.5] == 0.5

    def test_a_figure_that_cannot_exist_says_why(self):
        _, run = runner({"right": answer()}, "gold.md")
        silence = summarise(run.run([case("1", "right")])).silence
        assert silence.absent == {"auroc": "no case that expects an escalation came through"}
        assert math.isnan(silence.auroc)

    def test_what_curves_are_drawn_from_is_there(self):
        silence = summarise(self.judged()).silence
        assert silence.cases == 4
        assert silence.curve[-1].coverage == 1.0
        assert sum(one.cases for one in silence.reliability) == 4

    def test_nothing_asked_gives_figures_that_do_not_exist(self):
        summary = summarise(())
        assert summary.overall.cases == 0
        assert summary.misses == ()
