"""Collects blocks while a tree or a token stream is walked, and knows which list it is in."""

from dataclasses import dataclass

from ingest.element import ElementKind
from ingest.stored_text import INDENT, Block, clean_prose, code, heading, list_item, paragraph


@dataclass(slots=True)
class _OpenList:
    """A list being written; `number` is the next item's, None where items have bullets."""

    number: int | None
    fresh: bool = False
    marker: str = "-"


class BlockWriter:
    """Writes headings, text, lists and tables in reading order; `blocks` is what came of it."""

    __slots__ = ("_heading_level", "_label", "_lists", "blocks")

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._lists: list[_OpenList] = []
        self._label = ""
        self._heading_level = 0

    @property
    def heading_level(self) -> int:
        """The level of the heading that is open, 0 before the first."""
        return self._heading_level

    def heading(self, text: str, level: int) -> None:
        """Write a heading; inside a list item it is text, for it rules nothing outside."""
        if self._lists:
            self.text(text)
            return
        block = heading(text, level=level)
        if block.text:
            self._heading_level = block.level
            self.blocks.append(block)

    def label(self, text: str) -> None:
        """Put `text` ("Note:") in front of the next text written."""
        self._label = text

    def text(self, raw: str) -> None:
        """Write running text: a paragraph, a list item, or a further line of a list item."""
        if not clean_prose(raw):
            return
        if self._label:
            raw, self._label = f"{self._label} {raw}", ""
        if not self._lists:
            self.blocks.append(paragraph(raw))
            return
        current, level = self._lists[-1], len(self._lists) - 1
        if current.fresh:
            self.blocks.append(list_item(raw, level=level, marker=current.marker))
            current.fresh = False
            return
        last = self.blocks[-1] if self.blocks else None
        if last and last.kind is ElementKind.LIST_ITEM and last.level == level:
            further = INDENT * (level + 1) + clean_prose(raw).replace(
                "\n", "\n" + INDENT * (level + 1)
            )
            self.blocks[-1] = Block(
                kind=last.kind, text=f"{last.text}\n{further}", level=last.level, page=last.page
            )
        else:
            self.blocks.append(paragraph(raw))

    def code(self, raw: str) -> None:
        """Write a code block."""
        self.add(code(raw))

    def add(self, block: Block) -> None:
        """Write a block that was made elsewhere (a table)."""
        if block.text:
            self._flush_label()
            self.blocks.append(block)

    def open_list(self, start: int | None) -> None:
        """Begin a list: `start` is the first item's number, None for bullets."""
        self._flush_label()
        self._lists.append(_OpenList(number=start))

    def open_item(self) -> None:
        """Begin an item of the innermost list (of an implied one where there is none)."""
        if not self._lists:
            self._lists.append(_OpenList(number=None))
        current = self._lists[-1]
        current.fresh = True
        current.marker = "-" if current.number is None else f"{current.number}."
        if current.number is not None:
            current.number += 1

    def close_list(self) -> None:
        """End the innermost list."""
        if self._lists:
            self._lists.pop()

    def _flush_label(self) -> None:
        if self._label:
            label, self._label = self._label, ""
            self.text(label)
