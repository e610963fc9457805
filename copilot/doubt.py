"""What keeps an answer back however sure it is: several readings, or sources that disagree."""

from collections.abc import Mapping, Sequence

from copilot.clarify import ambiguity
from copilot.conflict import conflict
from copilot.evidence import Draft
from copilot.followup import CLARIFICATION, Turn
from copilot.form import PINPOINT
from copilot.question import Question
from copilot.rivals import disagreeing, rivals_of
from copilot.terms import weigh
from copilot.verdict import Doubt
from governance.visibility import Filters
from retrieval.passage import Passage
from retrieval.retriever import Found


def doubt_about(  # noqa: PLR0913 - all that a doubt may come from
    question: Question,
    passages: Sequence[Passage],
    draft: Draft,
    found: Found,
    *,
    filters: Filters,
    attributes: Mapping[str, str],
    turns: Sequence[Turn],
) -> Doubt:
    """What the passages leave open; `passages` are those found, with commands silenced.

    Only a question for one value can be in doubt, and only where the draft rests on one of the
    documents that disagree about it.
    """
    asked_back = bool(turns) and turns[-1].kind == CLARIFICATION
    if question.wants not in PINPOINT or not draft.evidence:
        return Doubt(asked_back=asked_back)
    weights = weigh(question, found.statistics)
    rivals = disagreeing(rivals_of(question, passages, weights, found.versions))
    documents = {one.passage.chunk.document_id for one in rivals}
    if draft.evidence[0].passage.chunk.document_id not in documents:
        return Doubt(asked_back=asked_back)
    return Doubt(
        ambiguity=ambiguity(question, rivals, filters, attributes),
        conflict=conflict(question, rivals),
        asked_back=asked_back,
    )
