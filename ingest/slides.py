"""PowerPoint → elements, slide by slide, with python-pptx.

Not through unstructured, which knows a bullet only where the text box says so itself (most
inherit theirs from the layout), flattens merged table cells, and puts a slide's notes before it.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ingest.block_writer import BlockWriter
from ingest.document_properties import property_title
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError
from ingest.stored_text import Block, assemble, clean_prose, on_page, table
from ingest.word_xml import transitional

if TYPE_CHECKING:
    from lxml.etree import _Element

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_FURNITURE = frozenset({"DATE", "FOOTER", "SLIDE_NUMBER", "HEADER"})
_BODIES = frozenset({"BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT"})
_MAX_GROUP_DEPTH = 12
_BANDS = 12


def parse_pptx(data: bytes) -> ParsedDocument:
    """Read slides: the page is the slide's number, its title (or `Slide 3`) a heading."""
    from pptx import Presentation
    from pptx.exc import PackageNotFoundError

    try:
        deck = Presentation(io.BytesIO(transitional(data)))
        slides = list(deck.slides)
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile) as error:
        message = "is damaged: parts of the slides are missing; save it again in PowerPoint"
        raise DamagedFileError(message) from error
    height = int(deck.slide_height or 1)
    blocks: list[Block] = []
    for number, slide in enumerate(slides, start=1):
        if slide._element.get("show") == "0":  # noqa: SLF001 - python-pptx has no name for it
            continue
        blocks += on_page(_slide(slide, number, height), number)
    return assemble(blocks, title=property_title(data) or _first_title(slides))


def _first_title(slides: Iterable[Any]) -> str:
    for slide in slides:
        title = slide.shapes.title
        if title is not None and title.has_text_frame:
            return clean_prose(title.text_frame.text)
    return ""


def _slide(slide: Any, number: int, height: int) -> list[Block]:  # noqa: ANN401 - untyped library
    writer = BlockWriter()
    title = slide.shapes.title
    named = title is not None and title.has_text_frame and clean_prose(title.text_frame.text)
    if named:
        writer.heading(title.text_frame.text.replace("\x0b", " "), 1)
    for shape in _in_reading_order(slide.shapes, height):
        if named and shape.shape_id == title.shape_id:
            continue
        _shape(shape, writer, height, 0)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and clean_prose(notes.text):
        writer.label("Notes:")
        writer.text(notes.text)
    if writer.blocks and not named:
        # Without a heading of its own the slide would seem to belong to the one before.
        opening = BlockWriter()
        opening.heading(f"Slide {number}", 1)
        return [*opening.blocks, *writer.blocks]
    return writer.blocks


def _in_reading_order(shapes: Iterable[Any], height: int) -> list[Any]:
    """Order shapes by bands from the top, then from the left: files keep them by age."""
    band = max(height // _BANDS, 1)

    def place(shape: Any) -> tuple[int, int]:  # noqa: ANN401
        return (int(shape.top or 0) // band, int(shape.left or 0))

    return sorted(shapes, key=place)


def _shape(shape: Any, writer: BlockWriter, height: int, depth: int) -> None:  # noqa: ANN401
    kind = _placeholder_kind(shape)
    if kind in _FURNITURE or depth > _MAX_GROUP_DEPTH:
        return
    if hasattr(shape, "shapes"):
        for inner in _in_reading_order(shape.shapes, height):
            _shape(inner, writer, height, depth + 1)
    elif getattr(shape, "has_table", False) and shape.has_table:
        writer.add(table(_grid(shape.table)))
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        _chart(shape.chart, writer)
    elif shape.has_text_frame:
        _text_frame(shape, kind, writer)


def _placeholder_kind(shape: Any) -> str:  # noqa: ANN401
    if not shape.is_placeholder:
        return ""
    kind = shape.placeholder_format.type
    return str(kind.name) if kind is not None else ""


def _text_frame(shape: Any, kind: str, writer: BlockWriter) -> None:  # noqa: ANN401
    """Write a shape's paragraphs; runs of bulleted ones are a list."""
    styles = list(_list_styles(shape, kind))
    depth = 0
    for paragraph in shape.text_frame.paragraphs:
        bullet = _bullet(paragraph, styles)
        text = paragraph.text.replace("\x0b", "\n")
        if not clean_prose(text):
            continue
        wanted = paragraph.level + 1 if bullet else 0
        while depth > wanted:
            writer.close_list()
            depth -= 1
        while depth < wanted:
            writer.open_list(1 if bullet == "buAutoNum" else None)
            depth += 1
        if bullet:
            writer.open_item()
        writer.text(text)
    for _ in range(depth):
        writer.close_list()


def _list_styles(shape: Any, kind: str) -> "Iterator[_Element]":  # noqa: ANN401
    """Yield the style lists that a shape's paragraphs inherit from, nearest first."""
    own = shape._element.find(f".//{_A}lstStyle")  # noqa: SLF001
    if own is not None:
        yield own
    if not shape.is_placeholder:
        return
    slide = shape.part.slide
    own_format, layout = shape.placeholder_format, slide.slide_layout
    parents = [
        item for item in layout.placeholders if item.placeholder_format.idx == own_format.idx
    ]
    parents += [
        item
        for item in layout.slide_master.placeholders
        if item.placeholder_format.type == own_format.type
    ]
    for parent in parents:
        style = parent._element.find(f".//{_A}lstStyle")  # noqa: SLF001
        if style is not None:
            yield style
    if kind in _BODIES:
        style = slide.slide_layout.slide_master._element.find(f"{_P}txStyles/{_P}bodyStyle")  # noqa: SLF001
        if style is not None:
            yield style


def _bullet(paragraph: Any, styles: "list[_Element]") -> str:  # noqa: ANN401
    """Name the bullet a paragraph has (`buChar`, `buAutoNum`), empty for none."""
    places = [paragraph._p.find(f"{_A}pPr")]  # noqa: SLF001
    places += [style.find(f"{_A}lvl{paragraph.level + 1}pPr") for style in styles]
    for place in places:
        for name in ("buNone", "buChar", "buAutoNum", "buBlip"):
            if place is not None and place.find(_A + name) is not None:
                return "" if name == "buNone" else name
    return ""


def _grid(found: Any) -> list[list[str]]:  # noqa: ANN401
    """Read a table; a merged cell's text stands in every cell it covers."""
    rows: list[list[str]] = []
    for row in range(len(found.rows)):
        line: list[str] = []
        for column in range(len(found.columns)):
            cell = found.cell(row, column)
            if cell.is_spanned:
                line.append(_spanning_text(found, row, column))
            else:
                line.append(cell.text.replace("\x0b", " "))
        rows.append(line)
    return rows


def _spanning_text(found: Any, row: int, column: int) -> str:  # noqa: ANN401
    for above in range(row, -1, -1):
        for left in range(column, -1, -1):
            cell = found.cell(above, left)
            if (
                cell.is_merge_origin
                and above + cell.span_height > row
                and left + cell.span_width > column
            ):
                return str(cell.text).replace("\x0b", " ")
    return ""


def _chart(chart: Any, writer: BlockWriter) -> None:  # noqa: ANN401
    """Write a chart as the table of its values, from its XML: python-pptx knows no 3-D charts."""
    space = chart._chartSpace  # noqa: SLF001
    title = space.find(f".//{_C}title")
    if title is not None:
        writer.text("".join(leaf.text or "" for leaf in title.iter(f"{_A}t")))
    series = list(space.iter(f"{_C}ser"))
    if not series:
        return
    columns = [_points(item, ("val", "yVal")) for item in series]
    labels = _points(series[0], ("cat", "xVal"))
    names = [
        "".join(leaf.text or "" for leaf in item.iterfind(f"{_C}tx//{_C}v")) for item in series
    ]
    length = max(len(labels), *(len(column) for column in columns))
    rows = [
        [_at(labels, index), *(_at(column, index) for column in columns)] for index in range(length)
    ]
    writer.add(table([["", *names], *rows]))


def _points(series: "_Element", names: tuple[str, ...]) -> list[str]:
    for name in names:
        place = series.find(_C + name)
        if place is not None:
            return [leaf.text or "" for leaf in place.iterfind(f".//{_C}pt/{_C}v")]
    return []


def _at(values: list[str], index: int) -> str:
    return values[index] if index < len(values) else ""
