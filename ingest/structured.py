"""JSON and YAML → headings from the keys and readable lines; FAQ pages → questions as headings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError, TooLargeError
from ingest.front_matter import load_yaml
from ingest.markdown import markdown_blocks
from ingest.markdown_source import IncludeResolver
from ingest.stored_text import Block, assemble, heading, list_item, paragraph, table

_MAX_NODES = 500_000
_MAX_DEPTH = 60
_LONG_TEXT = 200


def parse_json(text: str) -> ParsedDocument:
    """Read JSON, or JSON lines where each line is a value."""
    text = text.removeprefix("\ufeff")
    try:
        value = json.loads(text)
    except RecursionError as error:
        message = "is nested deeper than any document is"
        raise TooLargeError(message) from error
    except ValueError as error:
        value = _json_lines(text, error)
    return _document(value, {})


def _json_lines(text: str, first_error: ValueError) -> list[object]:
    values: list[object] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            reason = str(first_error if number == 1 else error)
            message = f"is not valid JSON (line {number}: {reason[:80]})"
            raise DamagedFileError(message) from error
    return values


def parse_yaml(text: str, *, uri: str, resolve_include: IncludeResolver | None) -> ParsedDocument:
    """Read YAML; a page of Microsoft Learn's kind FAQ becomes questions and their answers."""
    try:
        documents = load_yaml(text)
    except ValueError as error:
        message = f"is not valid YAML: {' '.join(str(error).split())[:100]}"
        raise DamagedFileError(message) from error
    value = documents[0] if len(documents) == 1 else documents
    if isinstance(value, dict) and isinstance(value.get("sections"), list):
        questions = [
            entry
            for section in value["sections"]
            if isinstance(section, dict)
            for entry in section.get("questions") or ()
        ]
        if any(isinstance(entry, dict) and "question" in entry for entry in questions):
            return _faq(value, uri, resolve_include)
    return _document(value, _page_metadata(value))


def _page_metadata(value: object) -> Mapping[str, object]:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict):
        return {}
    return {str(key): entry for key, entry in metadata.items()}


def _faq(
    page: Mapping[str, object], uri: str, resolve_include: IncludeResolver | None
) -> ParsedDocument:
    def written(value: object) -> list[Block]:
        text = value if isinstance(value, str) else ""
        return markdown_blocks(text, uri=uri, resolve_include=resolve_include)

    def line(value: object) -> str:
        return " ".join(block.text for block in written(str(value).replace("\n", " ")))

    metadata = dict(_page_metadata(page))
    title = line(page.get("title") or metadata.get("title") or "")
    blocks = [heading(title, level=1), *written(page.get("summary"))]
    sections = page["sections"]
    for section in sections if isinstance(sections, list) else ():
        if not isinstance(section, dict):
            continue
        name = line(section.get("name") or "")
        if name and name.lower() != "ignored":
            blocks.append(heading(name, level=2))
        for entry in section.get("questions") or ():
            if isinstance(entry, dict) and entry.get("question"):
                blocks.append(heading(line(entry["question"]), level=3))
                blocks += written(entry.get("answer"))
    blocks += written(page.get("additionalContent"))
    return assemble(blocks, title=title or None, metadata=metadata)


def _document(value: object, metadata: Mapping[str, object]) -> ParsedDocument:
    writer = _ValueWriter()
    if isinstance(value, dict) and metadata:
        value = {key: entry for key, entry in value.items() if key != "metadata"}
    writer.write(value, "", 1)
    named = value.get("title") or value.get("name") if isinstance(value, dict) else None
    title = named if isinstance(named, str) else None
    return assemble(writer.blocks, title=title, metadata=metadata)


@dataclass(slots=True)
class _ValueWriter:
    """Writes nested values; counts them, for YAML aliases can make a short file endless."""

    blocks: list[Block] = field(default_factory=list)
    nodes: int = 0

    def write(self, value: object, key: str, level: int) -> None:
        self.nodes += 1
        if self.nodes > _MAX_NODES or level > _MAX_DEPTH:
            message = "holds more values, or deeper ones, than a document that is read: split it"
            raise TooLargeError(message)
        if isinstance(value, Mapping):
            self._mapping(value, key, level)
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
            self._sequence(value, key, level)
        elif _scalar(value):
            text = _scalar(value)
            self.blocks.append(paragraph(f"{key}: {text}" if key else text))

    def _mapping(self, value: Mapping[object, object], key: str, level: int) -> None:
        if key:
            self.blocks.append(heading(key, level=min(level - 1, 6)))
        simple = [(str(name), entry) for name, entry in value.items() if _is_scalar(entry)]
        self.nodes += len(simple)
        lines = [f"{name}: {_scalar(entry)}" for name, entry in simple if _scalar(entry)]
        if lines:
            self.blocks.append(paragraph("\n".join(lines)))
        for name, entry in value.items():
            if not _is_scalar(entry):
                self.write(entry, str(name), level + 1)

    def _sequence(self, value: Sequence[object], key: str, level: int) -> None:
        if key and value:
            self.blocks.append(heading(key, level=min(level - 1, 6)))
        if value and all(_is_scalar(entry) for entry in value):
            self.nodes += len(value)
            self.blocks += [list_item(_scalar(entry)) for entry in value]
            return
        columns = _columns(value)
        if columns:
            self.nodes += len(value) * len(columns)
            rows = [[_scalar(entry.get(name)) for name in columns]
                    for entry in value if isinstance(entry, Mapping)]  # fmt: skip
            self.blocks.append(table([[str(name) for name in columns], *rows]))
            return
        for entry in value:
            self.write(entry, "", level + 1)


def _columns(value: Sequence[object]) -> list[object]:
    """Name the columns where every entry is a flat, short record and they agree on their keys."""
    names: dict[object, None] = {}
    for entry in value:
        if not isinstance(entry, Mapping):
            return []
        for name, cell in entry.items():
            if not _is_scalar(cell) or len(_scalar(cell)) > _LONG_TEXT:
                return []
            names[name] = None
    return list(names) if len(value) > 1 and len(names) <= 12 else []  # noqa: PLR2004


def _is_scalar(value: object) -> bool:
    return not isinstance(value, Mapping | list | tuple | set)


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split()) if not isinstance(value, str) else value.strip()
