"""An outcome read back later: what its asker may no longer read is not shown to them again.

The record itself stays whole; it says what was answered then. What is shown of it follows the
catalog as it is now.
"""

from collections.abc import Collection, Mapping
from typing import Any

from copilot.schemas import CitationJson, OutcomeJson
from governance.principal import Principal
from governance.visible_catalog import VisibleCatalog

WITHDRAWN = "A source of this has been withdrawn since; ask again for what holds now."
_WORDS = ("uri", "title", "heading_path", "quote")
_NOTHING: Mapping[str, Any] = {
    "uri": "", "title": "", "heading_path": [], "page": None, "start": 0, "end": 0, "quote": "",
}  # fmt: skip


def as_readable(outcome: OutcomeJson, principal: Principal, visible: VisibleCatalog) -> OutcomeJson:
    """The outcome without what came from versions that this asker may not read any more.

    Ids stay, so that people can talk about it. The text goes as a whole, because no part of it can
    be told from the rest by its source; what is missing goes too, because it names titles, and so
    do options and a question that one of them got into.
    """
    gone = {
        cited
        for cited in {(one.document_id, one.version) for one in outcome.citations}
        if not visible.still_readable(principal, *cited)
    }
    if not gone:
        return outcome
    return outcome.model_copy(
        update={
            "text": WITHDRAWN,
            "standalone_question": outcome.question,
            "options": [],
            "citations": [
                _emptied(one) if (one.document_id, one.version) in gone else one
                for one in outcome.citations
            ],
            "escalation": outcome.escalation.model_copy(update={"missing": ""})
            if outcome.escalation
            else None,
        }
    )


def holds_words_of(body: Mapping[str, Any], documents: Collection[str]) -> bool:
    """Whether an outcome as it is kept quotes one of these documents."""
    return any(
        one.get("document_id") in documents and any(one.get(key) for key in _WORDS)
        for one in body.get("citations", ())
    )


def without_words_of(body: Mapping[str, Any], documents: Collection[str]) -> dict[str, Any]:
    """An outcome as it is kept, for good without what came from these documents.

    The same goes as `as_readable` leaves out.
    """
    kept = dict(body)
    if not any(one.get("document_id") in documents for one in body.get("citations", ())):
        return kept
    kept |= {"text": WITHDRAWN, "options": [], "standalone_question": body.get("question", "")}
    kept["citations"] = [
        {**one, **_NOTHING} if one.get("document_id") in documents else one
        for one in body["citations"]
    ]
    if kept.get("escalation"):
        kept["escalation"] = {**kept["escalation"], "missing": ""}
    return kept


def _emptied(citation: CitationJson) -> CitationJson:
    # Who approved it is for its readers, like the rest of it; the record keeps that.
    return citation.model_copy(update={**_NOTHING, "approved_by": "", "approved_at": None})
