"""Ragas's judged metrics over any judge: faithfulness, relevancy, context, factual correctness.

Ragas decides what is asked and how a score comes of the replies; this module hands its prompts to
the judge, keeps replies, and turns whatever goes wrong into the reason of a failed score.
"""

import asyncio
import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from eval.judge_model import TIME_LIMIT, CountedJudge, JudgeSilentError, in_thread
from eval.judge_replies import reply_key
from eval.ragas_library import ragas_module
from eval.score import Metric
from governance.derived_texts import DerivedTexts

_JSON = re.compile(r"\{.*\}", re.DOTALL)
_SHOWN = 160
_MEND = (
    "\n\nYour reply was:\n{reply}\n\nIt is not JSON of that schema ({why}). "
    "Reply with the JSON object only."
)


class UnusableReplyError(Exception):
    """The judge replied with something else than it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a judge gets to see of a case. `reference` is empty where there is none."""

    question: str
    answer: str
    reference: str
    contexts: tuple[str, ...]
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One judged value of one run, NaN where it could not be had, and why."""

    value: float
    reason: str


class Embeds(Protocol):
    """What answer relevancy needs of an embedder."""

    def embed_documents(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a numpy array
        """Unit vectors, one row a text."""


class RagasJudge:
    """Asks a judge by ragas's metrics. Constructing it imports ragas."""

    def __init__(
        self,
        *,
        judge: CountedJudge,
        replies: DerivedTexts,
        embedder: Embeds,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self._ragas = ragas_module("ragas.metrics.collections")
        self._llm_class = _llm_class()
        self._embeddings = _embeddings(embedder)
        self._judge = judge
        self._replies = replies
        self._time_limit = time_limit

    async def verdict(self, metric: Metric, sample: Sample, run: int) -> Verdict:
        """One value by one metric. Never raises: what goes wrong is a failed verdict."""
        asking = _Asking(
            judge=self._judge, replies=self._replies, run=run, time_limit=self._time_limit
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = await self._score(metric, sample, self._llm_class(asking))
            value = float(result.value)
        except (JudgeSilentError, UnusableReplyError) as error:
            return Verdict(value=math.nan, reason=str(error))
        except Exception as error:  # noqa: BLE001 - ragas may fail in its own ways
            first = (str(error).splitlines() or [""])[0]
            return Verdict(value=math.nan, reason=f"ragas: {type(error).__name__}: {first}")
        if math.isnan(value):
            return Verdict(value=math.nan, reason="ragas gave no number: nothing to judge by")
        return Verdict(value=min(1.0, max(0.0, value)), reason=_why(asking.outputs))

    def _score(self, metric: Metric, sample: Sample, llm: object) -> Awaitable[Any]:
        scoring: Awaitable[Any]
        match metric:
            case Metric.FAITHFULNESS:
                scoring = self._ragas.Faithfulness(llm=llm).ascore(
                    user_input=sample.question,
                    response=sample.answer,
                    retrieved_contexts=[*sample.quotes, *sample.contexts],
                )
            case Metric.ANSWER_RELEVANCY:
                scoring = self._ragas.AnswerRelevancy(llm=llm, embeddings=self._embeddings).ascore(
                    user_input=sample.question, response=sample.answer
                )
            case Metric.JUDGED_CONTEXT_PRECISION:
                scoring = self._ragas.ContextPrecisionWithReference(llm=llm).ascore(
                    user_input=sample.question,
                    reference=sample.reference,
                    retrieved_contexts=list(sample.contexts),
                )
            case Metric.JUDGED_CONTEXT_RECALL:
                scoring = self._ragas.ContextRecall(llm=llm).ascore(
                    user_input=sample.question,
                    reference=sample.reference,
                    retrieved_contexts=list(sample.contexts),
                )
            case Metric.FACTUAL_CORRECTNESS:
                scoring = self._ragas.FactualCorrectness(llm=llm).ascore(
                    response=sample.answer, reference=sample.reference
                )
            case _:
                message = f"{metric} is not judged by a model"
                raise ValueError(message)
        return scoring


@dataclass(slots=True, kw_only=True)
class _Asking:
    """One metric of one case in one run: what was asked, and what came back."""

    judge: CountedJudge
    replies: DerivedTexts
    run: int
    time_limit: float
    asked: Counter[str] = field(default_factory=Counter)
    outputs: list[BaseModel] = field(default_factory=list)
    expected: int = 0

    async def output(self, prompt: str, model: type[BaseModel]) -> BaseModel:
        schema = json.dumps(model.model_json_schema(), sort_keys=True)
        self.asked[prompt] += 1
        key = reply_key(self.judge.name, schema, prompt, self.run, self.asked[prompt])
        kept = self.replies.get(key)
        if kept is not None:
            self.judge.count_cached()
            found = self._read(kept, model)
        else:
            text = await self._ask(prompt)
            try:
                found = self._read(text, model)
            except UnusableReplyError as error:
                self.judge.count_unusable()
                # Once more, with what was wrong: models often mend it.
                text = await self._ask(prompt + _MEND.format(reply=text[:2000], why=error))
                try:
                    found = self._read(text, model)
                except UnusableReplyError:
                    self.judge.count_unusable()
                    raise
            # Only what can be used is kept: a fault of the moment must not stay.
            self.replies.put(key, text)
        self.outputs.append(found)
        return found

    async def _ask(self, prompt: str) -> str:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[str] = loop.create_future()

        def settle(text: str | None, error: Exception | None) -> None:
            if waiting.done():
                return
            if error is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(text or "")

        def done(text: str | None, error: Exception | None) -> None:
            # A reply after its time limit may find the loop gone.
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, text, error)

        in_thread(lambda: self.judge.reply(prompt), done)
        try:
            return await asyncio.wait_for(waiting, self.time_limit)
        except TimeoutError:
            self.judge.count_timeout()
            raise JudgeSilentError(
                f"the judge did not reply within {self.time_limit:g} seconds"
            ) from None

    def _read(self, text: str, model: type[BaseModel]) -> BaseModel:
        shown = " ".join(text.split())[:_SHOWN]
        braces = _JSON.search(text)
        if braces is None:
            raise UnusableReplyError(f"the judge replied without JSON: {shown!r}")
        try:
            found = model.model_validate_json(braces[0])
        except ValidationError as error:
            what = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise UnusableReplyError(f"the judge's JSON does not fit ({what}): {shown!r}") from None
        self._check(found, shown)
        return found

    def _check(self, found: BaseModel, shown: str) -> None:
        """What a schema does not say: verdicts are 0 or 1, and there is one for each statement."""
        lists = [value for _, value in found if isinstance(value, list)]
        if any(not one for one in lists):
            raise UnusableReplyError(f"the judge found nothing to judge: {shown!r}")
        if any(verdict not in (0, 1) for verdict, _ in _verdicts(found)):
            raise UnusableReplyError(f"the judge gave a verdict other than 0 or 1: {shown!r}")
        if not lists:
            return
        if isinstance(lists[0][0], str):
            self.expected = len(lists[0])
        elif self.expected and len(lists[0]) != self.expected:
            raise UnusableReplyError(
                f"the judge gave {len(lists[0])} verdicts on {self.expected} statements: {shown!r}"
            )


def _llm_class() -> Callable[[_Asking], object]:
    base = ragas_module("ragas.llms.base").InstructorBaseRagasLLM

    class JudgeLLM(base):  # type: ignore[misc, valid-type]
        """What ragas asks for structured replies."""

        def __init__(self, asking: _Asking) -> None:
            self._asking = asking

        def generate(self, prompt: str, response_model: type[BaseModel]) -> BaseModel:
            return asyncio.run(self.agenerate(prompt, response_model))

        async def agenerate(self, prompt: str, response_model: type[BaseModel]) -> BaseModel:
            return await self._asking.output(prompt, response_model)

    return JudgeLLM


def _embeddings(embedder: Embeds) -> object:
    base = ragas_module("ragas.embeddings.base").BaseRagasEmbedding

    class HouseEmbeddings(base):  # type: ignore[misc, valid-type]
        """Our embedder as ragas wants one."""

        def embed_text(self, text: str, **_: object) -> list[float]:
            found: list[float] = embedder.embed_documents([text])[0].tolist()
            return found

        async def aembed_text(self, text: str, **_: object) -> list[float]:
            return self.embed_text(text)

    return HouseEmbeddings()


def _verdicts(output: BaseModel) -> list[tuple[int, str]]:
    """Every verdict in a reply, with what it is about and the judge's reason."""
    found = []
    items = [value for _, value in output if isinstance(value, list)]
    for one in (output, *(item for some in items for item in some if isinstance(item, BaseModel))):
        fields = dict(one)
        for name in ("verdict", "attributed", "noncommittal"):
            if name in fields:
                about = str(fields.get("statement") or fields.get("question") or "a passage")
                why = str(fields.get("reason") or "")
                found.append((fields[name], f"{about} ({why})" if why else about))
    return found


def _why(outputs: Sequence[BaseModel]) -> str:
    """What the judge held against it, in its own words, shortened."""
    asked = [dict(one)["question"] for one in outputs if "noncommittal" in dict(one)]
    if asked:
        return f"asked back: {'; '.join(str(one) for one in asked)}"[:_SHOWN]
    verdicts = [one for output in outputs for one in _verdicts(output)]
    against = [" ".join(about.split()) for verdict, about in verdicts if not verdict]
    told = f"{len(verdicts) - len(against)} of {len(verdicts)} hold"
    return f"{told}; not: {'; '.join(one[:_SHOWN] for one in against[:3])}" if against else told
