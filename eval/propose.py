"""Candidate cases from the documents: what a heading promises, its section answers.

And the same again with the document held out: same wording, same topic, and nothing that answers
it, so a person should. Chosen evenly over documents; the same documents give the same cases.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from copilot.question import telling
from copilot.sentences import Block, BlockKind, sections_of
from eval.case import CaseLine, Expected, GoldLine, PrincipalLine
from eval.proposals import Proposal
from foundation.ids import derived_id
from governance.catalog import Catalog
from governance.document import DocType
from governance.principal import Principal
from governance.visible_catalog import VisibleCatalog
from retrieval.keywords import terms as tokenize

FROM_DOCUMENTS, HELD_OUT = "from_documents", "held_out"

_FEWEST_WORDS = 2
_FEWEST_QUOTED = 4
_LONGEST_QUOTE = 320
_MARKS = re.compile(r"^[>\s]*(?:[-*]\s|\d{1,3}[.)]\s)?\s*")
_NUMBERING = re.compile(r"^\d{1,3}(?:\.\d{1,3})*[.)]?\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and the text that stands first under it, word for word."""

    uri: str
    heading: str
    quote: str


def propose(sections: Iterable[Section], asker: Principal, most: int) -> tuple[Proposal, ...]:
    """Up to `most` headings as questions of this asker, each twice: answered, and held out.

    A heading that two documents share asks for neither of them and is left out.
    """
    by_words: dict[str, list[Section]] = {}
    for one in sections:
        by_words.setdefault(one.heading.casefold(), []).append(one)
    alone = [found[0] for found in by_words.values() if len({one.uri for one in found}) == 1]
    made: list[Proposal] = []
    for section in _in_turns(alone)[:most]:
        made += _pair(section, asker)
    return tuple(made)


def readable_sections(
    catalog: Catalog, visible: VisibleCatalog, asker: Principal
) -> Iterator[Section]:
    """The sections of what this asker may read, tickets apart: their headings are form."""
    for version in visible.documents(visible.visibility(asker)):
        if version.metadata.doc_type is DocType.TICKET:
            continue
        title = version.metadata.title.casefold()
        for chunk in catalog.chunks_of(version.document_id, version.version):
            for heading, quote in headed(chunk.text, chunk.heading_path):
                if heading.casefold() != title:
                    yield Section(uri=version.uri, heading=heading, quote=quote)


def headed(text: str, heading_path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The headings (or questions) in a text that say something, each with the words below it."""
    for section in sections_of(text, heading_path):
        heading = _NUMBERING.sub("", " ".join(section.heading.split()))
        if not section.headed or len(telling(tokenize(heading))) < _FEWEST_WORDS:
            continue
        quote = _first_words(text, section.blocks)
        if quote:
            yield heading, quote


def _first_words(text: str, blocks: Sequence[Block]) -> str:
    """The first sentences or step that say something, as they stand, up to a length."""
    for at, block in enumerate(blocks):
        if block.kind in {BlockKind.TABLE, BlockKind.CODE}:
            continue
        first, parts = block.parts[0], block.parts
        if text[: block.end].rstrip().endswith(":") and len(blocks) > at + 1:
            # A lead-in says nothing without what it leads to.
            parts += blocks[at + 1].parts
        ends = [one.end for one in parts if one.end - first.start <= _LONGEST_QUOTE]
        said = _MARKS.sub("", text[first.start : ends[-1] if ends else first.end])
        if len(said.split()) >= _FEWEST_QUOTED:
            return said.rstrip()
    return ""


def _in_turns(sections: Sequence[Section]) -> list[Section]:
    """One of each document, then a second of each, so that a long one does not crowd out others."""
    turns: dict[str, int] = {}
    ordered = []
    for at, one in enumerate(sections):
        turns[one.uri] = turns.get(one.uri, 0) + 1
        ordered.append((turns[one.uri], at, one))
    return [one for _, _, one in sorted(ordered, key=lambda each: each[:2])]


def _pair(section: Section, asker: Principal) -> tuple[Proposal, Proposal]:
    principal = PrincipalLine(
        tenant=asker.tenant,
        roles=sorted(asker.roles),
        attributes=dict(sorted(asker.attributes.items())),
    )
    name = derived_id("propose", asker.tenant, section.uri, section.heading)
    answered = CaseLine(
        id=name,
        question=section.heading,
        principal=principal,
        expected=Expected.ANSWER,
        reference=section.quote,
        gold=[GoldLine(uri=section.uri, quote=section.quote)],
        category=FROM_DOCUMENTS,
    )
    held_out = CaseLine(
        id=f"{name}_held_out",
        question=section.heading,
        principal=principal,
        expected=Expected.ESCALATION,
        held_out=[section.uri],
        category=HELD_OUT,
    )
    return (
        Proposal(
            source=f"a heading of {section.uri}",
            why="Word it as a partner would, and check that the quote answers it.",
            case=answered,
        ),
        Proposal(
            source=f"a heading of {section.uri}, which is held out",
            why="Check that no other document answers it.",
            case=held_out,
        ),
    )
