"""The keys with which a corpus.yaml or a page describes documents, and what they may hold."""

import difflib
import re
from dataclasses import replace
from datetime import date
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from governance.document import ApprovalState, DocType, DocumentMetadata, Sensitivity
from ingest.errors import ManifestError, SourceError
from ingest.names import shown, uri_of
from ingest.plain_yaml import Path, Plain, PlainYaml

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_GROUP = re.compile(r"\w[\w .&+-]{0,126}\w|\w")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_AUDIENCES = "partners, internal, tenant:ID, tier:NAME or region:NAME"

_SHAPES = {
    "tuple_type": "a list", "dict_type": "a mapping of keys to values", "string_type": "text",
    "model_type": "a mapping of keys to values", "bool_type": "true or false",
}  # fmt: skip


def tenant_id(value: str) -> str:
    """Return the tenant id, or raise ValueError."""
    if not _TENANT.fullmatch(value):
        raise ValueError(
            f"{shown(value)!r} is not a tenant id: letters, digits, '.', '_' and '-', "
            "starting with a letter or digit"
        )
    return value


def audience_word(value: str) -> str:
    """Return one audience in the words principals are matched by, or raise ValueError."""
    word = value.strip()
    if word in {"partners", "internal"}:
        return word
    kind, colon, name = word.partition(":")
    name = name.strip()
    if colon and kind == "tenant":
        return f"tenant:{tenant_id(name)}"
    if colon and kind in {"tier", "region"} and _GROUP.fullmatch(name):
        return f"{kind}:{name.casefold()}"
    likely = difflib.get_close_matches(
        f"{kind}:" if colon else word.casefold(),
        ["partners", "internal", "tenant:", "tier:", "region:"],
        n=1,
    )
    hint = f"; did you mean {likely[0] + name!r}?" if likely else ""
    raise ValueError(f"unknown audience {shown(value)!r}: {_AUDIENCES}{hint}")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise ValueError(f"{shown(str(value))!r} is not a day; write it as 2026-01-31")


def _text(value: str) -> str:
    return " ".join(value.split())


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value.strip()):
        raise ValueError(f"{shown(value)!r} is not a language; write 'en' or 'de-CH'")
    return value.strip()


def _superseded(value: str) -> str:
    try:
        uri = uri_of(value.strip().removeprefix("./"))
    except SourceError:
        raise ValueError(f"{shown(value)!r} holds a character that cannot be shown") from None
    if not uri or uri.startswith("/") or ".." in uri.split("/"):
        raise ValueError(f"{shown(value)!r} is not the path of a document from the corpus root")
    return uri


_Text = Annotated[str, AfterValidator(_text)]
_Day = Annotated[date, BeforeValidator(_day)]


_Audiences = Annotated[
    tuple[Annotated[str, AfterValidator(audience_word)], ...], BeforeValidator(_listed)
]
_Documents = Annotated[
    tuple[Annotated[str, AfterValidator(_superseded)], ...], BeforeValidator(_listed)
]


class MetadataKeys(BaseModel):
    """What one place says about documents; a key that it leaves out is unset, not empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    title: _Text | None = None
    doc_type: DocType | None = None
    audience: _Audiences | None = None
    approval: ApprovalState | None = None
    approved_by: _Text | None = None
    effective_from: _Day | None = None
    effective_to: _Day | None = None
    product: _Text | None = None
    releases: Annotated[tuple[_Text, ...], BeforeValidator(_listed)] | None = None
    supersedes: _Documents | None = None
    language: Annotated[str, AfterValidator(_language)] | None = None
    sensitivity: Sensitivity | None = None
    review_by: _Day | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _something_stands_there(cls, value: object) -> object:
        if value is None:
            raise ValueError("has no value; write one or remove the key")
        return value

    @field_validator("audience")
    @classmethod
    def _somebody(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and not value:
            raise ValueError("is empty; for the owner's own people write [internal]")
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.effective_from and self.effective_to:
            check_window(self.effective_from, self.effective_to)
        return self

    def under(self, later: "MetadataKeys") -> "MetadataKeys":
        """Return both together; where both say something, the later one is right."""
        # Both are valid alone; the window they make together is judged when it is used.
        changed = {key: getattr(later, key) for key in METADATA_KEYS if later.says(key)}
        return self.model_copy(update=changed) if changed else self

    def says(self, key: str) -> bool:
        """Whether this place says anything about the key."""
        return getattr(self, key) is not None

    def applied_to(self, base: DocumentMetadata) -> DocumentMetadata:
        """Return the metadata with what is said here. ValueError where days are out of order."""
        values = {key: getattr(self, key) for key in METADATA_KEYS if self.says(key)}
        if "audience" in values:
            values["audience"] = frozenset(values["audience"])
        described = replace(base, **values)
        if described.effective_from and described.effective_to:
            check_window(described.effective_from, described.effective_to)
        return described


METADATA_KEYS = tuple(MetadataKeys.model_fields)


def check_window(effective_from: date, effective_to: date) -> None:
    """Raise ValueError where a document would end before it begins."""
    if effective_from > effective_to:
        raise ValueError(
            f"effective_from {effective_from} is after effective_to {effective_to}; "
            "swap or correct them"
        )


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], values: Plain, yaml: PlainYaml, where: str) -> Model:
    """Make the model, or raise a ManifestError that names the first wrong line."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        placed = [
            (yaml.line_of(_written(entry["loc"], yaml)), _explain(entry, model))
            for entry in error.errors(include_url=False)
        ]
    line, message = min(placed, key=lambda pair: pair[0])
    more = f" (and {len(placed) - 1} more)" if len(placed) > 1 else ""
    raise ManifestError(f"{where} line {line}: {message}{more}")


def explained(
    error: ValidationError, model: type[BaseModel]
) -> tuple[tuple[tuple[str | int, ...], str], ...]:
    """Say of each misfit where it is and, in the words of a manifest's owner, what would fit."""
    return tuple(
        (entry["loc"], _explain(entry, model)) for entry in error.errors(include_url=False)
    )


def _written(location: tuple[str | int, ...], yaml: PlainYaml) -> Path:
    """Drop what pydantic puts into a location that nobody wrote, such as a union's branch."""
    path: Path = ()
    for part in location:
        if (*path, part) in yaml.lines:
            path = (*path, part)
    return path


def _explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    location = [part for part in error["loc"] if isinstance(part, str)]
    key = location[-1] if location else ""
    found = error["input"]
    if error["type"] == "extra_forbidden":
        known = _keys_at(model, error["loc"])
        likely = difflib.get_close_matches(key.casefold().replace("-", "_"), known, n=1, cutoff=0.6)
        hint = f"did you mean {likely[0]!r}?" if likely else f"known are {', '.join(known)}"
        return f"unknown key {shown(key)!r}; {hint}"
    if error["type"] == "missing":
        return f"the key {key!r} is missing"
    if error["type"] == "enum":
        choices = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
        likely = difflib.get_close_matches(str(found).casefold(), choices, n=1)
        hint = f"did you mean {likely[0]!r}?" if likely else f"one of {', '.join(choices)}"
        return f"unknown {key} {shown(str(found))!r}; {hint}"
    if error["type"] == "value_error":
        message = str(error["ctx"]["error"])
        return message if message[:1] == "'" or not key or key in message else f"{key}: {message}"
    if error["type"] in _SHAPES:
        return f"{key}: must be {_SHAPES[error['type']]}".lstrip(": ")
    return f"{key}: {error['msg'][:1].lower()}{error['msg'][1:]}, not {shown(repr(found))[:60]}"


def _keys_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Return the keys that are known where an unknown one was found."""
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found:
            return found
    return None
