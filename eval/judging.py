"""What an evaluation scores with beyond case and observation, as settings and libraries allow."""

from collections.abc import Callable, Sequence

from eval.judge import with_judgements
from eval.judge_model import CountedJudge, JudgeUse, judge_from, price_of
from eval.ragas_judge import RagasJudge
from eval.ragas_library import HOW_TO_INSTALL, has_ragas
from eval.ragas_texts import RagasTexts
from eval.score import Judged, Scorer
from eval.similarity import Embeds, SemanticSimilarity
from foundation.settings import Settings
from governance.derived_texts import DerivedTexts

WITHOUT_RAGAS = f"ragas is not installed, so its text metrics are left out; {HOW_TO_INSTALL}"


def text_scorers(embedder: Embeds) -> tuple[Scorer, ...]:
    """Every scorer that needs no judge: similarity of meaning, and ragas's where it is there."""
    similarity = SemanticSimilarity(embedder)
    return (similarity, RagasTexts()) if has_ragas() else (similarity,)


class Judging:
    """A judge as the settings name it, ready to judge. Constructing it finds out what is missing.

    Raises `JudgeModelError` or `RagasMissingError` then, before a single case is asked.
    """

    def __init__(
        self,
        settings: Settings,
        embedder: Embeds,
        replies: DerivedTexts,
        *,
        runs: int = 1,
        on_progress: Callable[[Judged], None] = lambda _: None,
    ) -> None:
        self._runs = runs
        self._on_progress = on_progress
        self._judge = CountedJudge(judge_from(settings), runs=runs, price=price_of(settings))
        self._ragas = RagasJudge(judge=self._judge, replies=replies, embedder=embedder)

    def judge(self, judged: Sequence[Judged]) -> tuple[Judged, ...]:
        """The cases with the judge's scores."""
        return with_judgements(judged, self._ragas, runs=self._runs, on_progress=self._on_progress)

    @property
    def use(self) -> JudgeUse:
        """What judging took so far."""
        return self._judge.use
