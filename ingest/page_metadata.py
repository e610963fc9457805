"""What a page says about itself above its text, as metadata.

Pages from elsewhere carry front matter of other systems, where `audience: developer` or
`product: azure` mean something else. It is therefore honoured only in a corpus whose owner manages
it with a corpus.yaml; elsewhere a page gives its title and nothing more. Where it is honoured, it
may never open a page by being malformed: what cannot be understood refuses that page.
"""

import re
from collections.abc import Mapping
from datetime import date

from governance.document import DocumentMetadata
from ingest.decoding import decode_text
from ingest.errors import ManifestError, ParseError
from ingest.front_matter import ABOVE_FRONT_MATTER
from ingest.metadata_keys import METADATA_KEYS, MetadataKeys, validated
from ingest.plain_yaml import Plain, PlainYaml, read_plain_yaml

_BLOCK = re.compile(
    ABOVE_FRONT_MATTER + r"---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_OPENING = re.compile(
    ABOVE_FRONT_MATTER + r"((?:---|\+\+\+)[^\n]*\n(?:[^\n]*(?:\n|\Z)){0,30})", re.DOTALL
)
_MAX_HEAD_BYTES = 200_000
_ACCESS_KEYS = ("audience", "approval", "effective_from", "effective_to")
_ACCESS_LINE = re.compile(
    r"^[\s\"'{-]*(audience|approval|effective[\s_-]?(from|to))[\s\"']*[:=]",
    re.MULTILINE | re.IGNORECASE,
)
_TITLE_LINE = re.compile(r"^title:[ \t]+[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)
_TYPO_DISTANCE = 2


def front_matter(
    values: Mapping[str, object],
    base: DocumentMetadata,
    where: str,
    *,
    managed: bool = True,
    lines: Mapping[str, int] | None = None,
) -> DocumentMetadata:
    """Return `base` with what the front matter says, or raise a ManifestError for this page.

    Keys that are not ours are left alone, unless one is a near miss of a key that decides who may
    read. `where` names the page, `lines` the line of each key.
    """
    if not managed:
        title = values.get("title")
        named = isinstance(title, str | int | float) and str(title).strip()
        return MetadataKeys(title=str(title)).applied_to(base) if named else base
    yaml = PlainYaml(text={}, typed={}, lines={(key,): line for key, line in (lines or {}).items()})
    for key in values:
        meant = _access_key_meant(key)
        if meant:
            line = yaml.line_of((key,))
            raise ManifestError(f"{where} line {line}: unknown key {key!r}; write {meant!r}")
    ours = {key: _plain(value) for key, value in values.items() if key in METADATA_KEYS}
    # An empty `product:` is a form somebody left blank; an empty `audience:` may be a mistake.
    ours = {key: value for key, value in ours.items() if value is not None or key in _ACCESS_KEYS}
    keys = validated(MetadataKeys, ours, yaml, where)
    try:
        return keys.applied_to(base)
    except ValueError as error:
        raise ManifestError(f"{where}: {error}") from None


def describe_page(
    data: bytes, base: DocumentMetadata, where: str, *, managed: bool
) -> DocumentMetadata:
    """Return `base` with what a Markdown page says of itself, read strictly and with lines.

    Raises ManifestError where the page must not be published as it is.
    """
    try:
        text = decode_text(data[:_MAX_HEAD_BYTES])
    except ParseError:
        return base  # the parser will say so, in its own words
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    block = _BLOCK.match(text)
    raw = (block[2] or "") if block else ""
    if not block or not raw.strip():
        if managed:
            _refuse_what_was_not_read(text, where)
        return base
    first_line = block[1].count("\n") + 2
    try:
        yaml = read_plain_yaml(raw.replace("\t", "    "), where, first_line=first_line)
    except ManifestError:
        # A stray colon in a foreign description is no reason to lose a page; a block that was
        # to decide who may read it is.
        if managed and _ACCESS_LINE.search(raw):
            raise
        title = _TITLE_LINE.search(raw)
        return front_matter({"title": title[1]} if title else {}, base, where, managed=False)
    lines = {key: yaml.line_of((key,)) for key in yaml.text}
    return front_matter(yaml.text, base, where, managed=managed, lines=lines)


def _refuse_what_was_not_read(text: str, where: str) -> None:
    """Refuse a page that seems to say who may read it, where no block could be read.

    Blank lines and other fences end front matter for us, and not for whoever wrote it.
    """
    opening = _OPENING.match(text)
    if not opening or not _ACCESS_LINE.search(opening[2]):
        return
    line = opening[1].count("\n") + 1
    wrong = (
        "the front matter never ends; close it with ---"
        if opening[2].partition("\n")[0].strip() == "---" and not _BLOCK.match(text)
        else "this is not front matter as it is read here; write it as YAML between two lines ---"
    )
    raise ManifestError(f"{where} line {line}: {wrong}")


def _access_key_meant(key: str) -> str | None:
    """Return the key that decides who may read, where this one is it but for a slip of the pen."""
    if key in METADATA_KEYS:
        return None
    plain = re.sub(r"[\s-]+", "_", key.strip()).casefold()
    for known in _ACCESS_KEYS:
        if _distance(plain, known) <= _TYPO_DISTANCE:
            return known
    return None


def _distance(one: str, other: str) -> int:
    """Return the Levenshtein distance, or more than counts where the lengths tell."""
    if abs(len(one) - len(other)) > _TYPO_DISTANCE:
        return _TYPO_DISTANCE + 1
    row = list(range(len(other) + 1))
    for at, character in enumerate(one, 1):
        previous, row[0] = row[0], at
        for index, expected in enumerate(other, 1):
            substituted = previous + (character != expected)
            previous = row[index]
            row[index] = min(row[index] + 1, row[index - 1] + 1, substituted)
    return row[-1]


def _plain(value: object) -> Plain:
    """Return a parser's value as it would have been typed."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)
