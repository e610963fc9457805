"""What is wrong with a policy file: every mistake, with its line and, where one can guess, a word.

A policy is mended by people, who want to see all of it at once.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from foundation.plain_yaml import PlainYaml

_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One mistake. `place` is the path of keys to it, with dots."""

    line: int
    place: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.place}: {self.message}"


def findings_of(
    error: ValidationError, found: PlainYaml, model: type[BaseModel]
) -> tuple[Finding, ...]:
    """Every mistake that the model found, by line."""
    return tuple(sorted(_findings(error, found, model)))


def told(findings: Sequence[Finding], where: str) -> str:
    """The findings in one line of text that begins with the file and the first one's line."""
    more = len(findings) - _TOLD
    words = "; ".join(str(one) for one in findings[:_TOLD])
    return f"{where} {words}" + (f"; and {more} more" if more > 0 else "")


def _findings(
    error: ValidationError, found: PlainYaml, model: type[BaseModel]
) -> Iterator[Finding]:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        place = tuple(part for part in one["loc"] if part != "[key]")
        message = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            message = "is not known here" + _guess(str(place[-1]), _keys_at(model, place[:-1]))
        elif one["type"] == "missing":
            message = "is missing"
        yield Finding(
            line=found.line_of(place),
            place=".".join(str(part) for part in place) or "policy",
            message=message,
        )


def _guess(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known are {', '.join(known)}" if known else ""


def _keys_at(model: type[BaseModel], place: tuple[str | int, ...]) -> Sequence[str]:
    """The keys that are known at a place in the file."""
    kind: Any = model
    for part in place:
        kind = _within(_bare(kind), part)
    kind = _bare(kind)
    is_section = isinstance(kind, type) and issubclass(kind, BaseModel)
    return sorted(kind.model_fields) if is_section else ()


def _within(kind: Any, part: str | int) -> Any:  # noqa: ANN401 - types are values here
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(part))
        return field.annotation if field else None
    inner = get_args(kind)
    if not inner:
        return None
    return inner[1] if isinstance(get_origin(kind), type) and _maps(get_origin(kind)) else inner[0]


def _maps(origin: Any) -> bool:  # noqa: ANN401 - types are values here
    return issubclass(origin, Mapping)


def _bare(kind: Any) -> Any:  # noqa: ANN401 - types are values here
    """A type without what is written around it: metadata, and that it may be left out."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _bare(next((one for one in get_args(kind) if one is not type(None)), None))
    return kind
