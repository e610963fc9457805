"""YAML that people write by hand, read strictly, with the line of every value at hand.

A manifest decides who may read what, so nothing in it may mean two things: duplicate keys, anchors
and aliases (which also make YAML bombs) and tags are refused. Text stays as it was typed:
`releases: [24.10]` means 24.10, which a number would turn into 24.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from foundation.errors import ConfigurationError


class PlainYamlError(ConfigurationError):
    """A YAML file cannot be read as what it should be; the message starts with file and line."""


_MAX_CHARACTERS = 1_000_000
_MAX_DEPTH = 20
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TAG = "tag:yaml.org,2002:"
_KINDS = frozenset({"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value"})
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[str | int, ...]
Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainYaml:
    """A mapping as it was typed: scalars as text (None where nothing stands), and their lines.

    `lines` holds the line of every key and item by its path, counted from 1; `typed` holds the
    same values with numbers and booleans resolved, for what wants them.
    """

    text: dict[str, Plain]
    typed: dict[str, Plain]
    lines: Mapping[Path, int]

    def line_of(self, path: Path) -> int:
        """Return the line of the nearest thing to `path` that was written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_plain_yaml(text: str, where: str, *, first_line: int = 1) -> PlainYaml:
    """Read one mapping, or raise a PlainYamlError that starts with `where` and the line.

    `first_line` is the line of `where` in which `text` starts.
    """
    if len(text) > _MAX_CHARACTERS:
        raise PlainYamlError(f"{where}: is longer than {_MAX_CHARACTERS:,} characters; split it")
    reader = _Reader(where=where, first_line=first_line)
    try:
        # Events come without recursion: what would exhaust the stack or memory is seen here.
        reader.refuse_surprises(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        reason = " ".join((error.problem or str(error)).split())
        raise reader.error(line, f"is not valid YAML: {reason}") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise PlainYamlError(f"{where}: is not valid YAML: {reason}") from None
    if node is None or (isinstance(node, yaml.ScalarNode) and node.value in _NULLS):
        return PlainYaml(text={}, typed={}, lines={(): first_line})
    if not isinstance(node, yaml.MappingNode):
        raise reader.error(node.start_mark.line, "must hold `key: value` lines")
    raw, typed = reader.plain(node, ())
    if not isinstance(raw, dict) or not isinstance(typed, dict):
        raise TypeError
    return PlainYaml(text=raw, typed=typed, lines=reader.lines)


class _Reader:
    """Walks one YAML document, and knows where it stands."""

    def __init__(self, *, where: str, first_line: int) -> None:
        self._where = where
        self._first_line = first_line
        self.lines: dict[Path, int] = {}

    def error(self, line: int, message: str) -> PlainYamlError:
        return PlainYamlError(f"{self._where} line {line + self._first_line}: {message}")

    def refuse_surprises(self, text: str) -> None:
        depth = 0
        documents = 0
        for event in yaml.parse(text, Loader=_LOADER):
            line = event.start_mark.line if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise self.error(line, "anchors and aliases (& and *) are not read; write it out")
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.error(line, "a second document starts here; there must be one")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    raise self.error(line, f"is nested deeper than {_MAX_DEPTH} levels")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def plain(self, node: yaml.Node, path: Path) -> tuple[Plain, Plain]:
        """Return the node's value as typed by hand, and resolved."""
        self.lines.setdefault(path, node.start_mark.line + self._first_line)
        if node.tag.removeprefix(_TAG) not in _KINDS:
            raise self.error(node.start_mark.line, f"the tag {node.tag!r} is not read; remove it")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            pairs = [self.plain(item, (*path, at)) for at, item in enumerate(node.value)]
            return [raw for raw, _ in pairs], [typed for _, typed in pairs]
        raw: dict[str, Plain] = {}
        typed: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.error(line, "a key must be a word")
            key = key_node.value
            if key in raw:
                first = self.lines[(*path, key)]
                raise self.error(line, f"the key {key!r} stands twice, first in line {first}")
            self.lines[(*path, key)] = line + self._first_line
            raw[key], typed[key] = self.plain(value_node, (*path, key))
        return raw, typed

    def _scalar(self, node: yaml.ScalarNode) -> tuple[Plain, Plain]:
        text: str = node.value
        if not node.style and text in _NULLS:
            return None, None
        kind = node.tag.removeprefix(_TAG)
        try:
            if kind == "bool":
                return text, text.casefold() in {"true", "yes", "on"}
            if kind == "int":
                return text, int(yaml.safe_load(text))
            if kind == "float":
                return text, float(yaml.safe_load(text))
        except (ValueError, TypeError, yaml.YAMLError):
            pass
        return text, text
