"""Cases that nobody had to label: what a corpus' own headings and FAQ entries ask.

A heading is what an author thought a reader would look for, and the section under it is the
answer. Held out with its document, the same words are a question that the rest cannot answer.

Only documents that are open to all partners are asked for, and by a partner of no tenant: the
confidence fitted on this holds for everybody.
"""

import random
from dataclasses import dataclass

from copilot.question import telling
from eval.case import Case, Expected, Gold
from governance.catalog import Catalog
from governance.document import DocType, DocumentVersion
from governance.principal import EVERY_PARTNER
from governance.visible_catalog import VisibleCatalog
from retrieval.keywords import terms as tokenize

MOST_CASES = 400
_FEWEST_WORDS = 2
_OF_ONE_DOCUMENT = 4
_SEED = 23


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    text: str
    version: DocumentVersion


def corpus_cases(
    catalog: Catalog, visible: VisibleCatalog, most: int = MOST_CASES
) -> tuple[Case, ...]:
    """Up to `most` cases, drawn evenly from the documents that all partners may read now.

    Headings that two documents share ask for neither of them and are left out; tickets too, whose
    headings are form. The same corpus gives the same cases.
    """
    by_text: dict[str, list[_Entry]] = {}
    for version in visible.documents(visible.visibility(EVERY_PARTNER)):
        if version.metadata.doc_type is DocType.TICKET:
            continue
        for text in _headings(catalog, version):
            by_text.setdefault(text.casefold(), []).append(_Entry(text=text, version=version))
    entries = [one[0] for _, one in sorted(by_text.items()) if len(one) == 1]
    return tuple(_case(number, one) for number, one in enumerate(_drawn(entries, most), start=1))


def _headings(catalog: Catalog, version: DocumentVersion) -> list[str]:
    """The document's own headings below its title, each once."""
    title = version.metadata.title.casefold()
    found = dict.fromkeys(
        path[-1].strip()
        for chunk in catalog.chunks_of(version.document_id, version.version)
        if (path := chunk.heading_path)
    )
    return [
        heading
        for heading in found
        if heading.casefold() != title and len(telling(tokenize(heading))) >= _FEWEST_WORDS
    ]


def _drawn(entries: list[_Entry], most: int) -> list[_Entry]:
    """At random, but of one document only a few before every other had its turn."""
    draw = random.Random(_SEED)
    draw.shuffle(entries)
    turns: dict[str, int] = {}

    def turn(one: _Entry) -> int:
        turns[one.version.document_id] = turns.get(one.version.document_id, 0) + 1
        return (turns[one.version.document_id] - 1) // _OF_ONE_DOCUMENT

    return sorted(entries, key=turn)[:most]


def _case(number: int, entry: _Entry) -> Case:
    return Case(
        id=f"heading-{number}",
        question=entry.text,
        principal=EVERY_PARTNER,
        expected=Expected.ANSWER,
        category="corpus",
        gold=(Gold(uri=entry.version.uri),),
    )
