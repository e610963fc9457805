"""Any allowed LangChain document loader as a source, named in corpus.yaml: no code needed.

    sources:
      - loader: NotionDirectoryLoader
        arguments: {path: notion-export}
        uri_prefix: wiki/
        audience: [internal]

A loader is made when its turn comes. Whatever it throws becomes one line, and the rest goes on.
"""

import difflib
import hashlib
import importlib
import json
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from governance.document import DocumentMetadata
from ingest.element import ParsedDocument
from ingest.errors import IngestError, ManifestError, ParseError, SourceError
from ingest.fingerprints import fingerprint
from ingest.loader_rules import LOADERS, LoaderRule
from ingest.manifest import Manifest, SourceEntry
from ingest.metadata_keys import METADATA_KEYS, MetadataKeys
from ingest.names import shown, uri_of
from ingest.page_metadata import describe_page
from ingest.source_item import SourceFailure, SourceItem, SourceKind
from ingest.tickets import is_ticket_history

_MODULE = "langchain_community.document_loaders"
_ENVELOPE = b'{"copilot_loaded":'
_FORMATS = frozenset({"txt", "md", "html"})
_PLACES = ("page", "row")
_NAMING_KEYS = ("source", "url", "file_path", "id")
_MAX_FILE_BYTES = 100 * 1024 * 1024
_MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
_MAX_TEXT = 20_000_000
_MAX_MESSAGE = 200
_MIN_SECRET = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderSource:
    """An entry of `sources` that was found to be in order."""

    entry: SourceEntry
    rule: LoaderRule
    arguments: Mapping[str, object]
    paths: tuple[Path, ...]


def checked_sources(
    manifest: Manifest, root: Path, *, allowed_loaders: Mapping[str, LoaderRule] = LOADERS
) -> tuple[LoaderSource, ...]:
    """Return the manifest's sources, or raise a ManifestError that names the line."""
    checked = []
    for entry, line in zip(manifest.sources, manifest.source_lines, strict=True):
        try:
            checked.append(_checked(entry, root, allowed_loaders))
        except ValueError as error:
            raise ManifestError(f"{manifest.where} line {line}: {error}") from None
    return tuple(checked)


def _checked(entry: SourceEntry, root: Path, allowed: Mapping[str, LoaderRule]) -> LoaderSource:
    rule = allowed.get(entry.loader)
    if rule is None:
        raise ValueError(f"the loader {shown(entry.loader)!r} is not one of those allowed"
                         + _hint(entry.loader, list(allowed)))  # fmt: skip
    if rule.network and not entry.network:
        raise ValueError(f"{entry.loader} fetches from elsewhere; allow it with `network: true`")
    arguments: dict[str, object] = {}
    paths: list[Path] = []
    for name, value in entry.arguments.items():
        if name in rule.paths:
            path = _inside(name, value, root)
            paths.append(path)
            arguments[name] = str(path)
        elif name in rule.urls:
            arguments[name] = _address(name, value)
        elif name in rule.plain:
            arguments[name] = value
        else:
            raise ValueError(f"{entry.loader} takes no argument {shown(name)!r} here"
                             + _hint(name, rule.arguments))  # fmt: skip
    return LoaderSource(
        entry=entry, rule=rule, arguments=arguments | dict(rule.fixed), paths=tuple(paths)
    )


def _hint(name: str, known: list[str]) -> str:
    likely = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {likely[0]!r}?" if likely else f"; known are {', '.join(known)}"


def _inside(name: str, value: object, root: Path) -> Path:
    relative = Path(value) if isinstance(value, str) and value.strip() else None
    if relative is None or relative.is_absolute() or "\x00" in str(relative):
        raise ValueError(f"{name} must be a path relative to the corpus, such as 'export/wiki'")
    path = (root / relative).resolve()
    if not path.is_relative_to(root) or path == root:
        raise ValueError(f"{name} {shown(str(value))!r} does not lie inside the corpus")
    return path


def _address(name: str, value: object) -> object:
    for address in value if isinstance(value, list) else [value]:
        parts = urlsplit(address) if isinstance(address, str) else None
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{name} must be an address that starts with https:// or http://")
    return value


def load_sources(
    manifest: Manifest, root: Path, sources: tuple[LoaderSource, ...]
) -> Iterator[SourceItem | SourceFailure]:
    """Yield what each source's loader gives, as it comes."""
    for source in sources:
        prefix = source.entry.uri_prefix
        loading = _Loading(source, manifest, root)
        try:
            for text, metadata in _documents(source, root):
                yield loading.item(text, metadata)
        except Exception as error:  # noqa: BLE001 - a loader may throw anything; it is one line
            reason = _one_line(error, source)
            yield SourceFailure(uri=prefix, error=f"{source.entry.loader}: {reason}", covers=prefix)


def _documents(source: LoaderSource, root: Path) -> Iterator[tuple[str, dict[str, object]]]:
    for path in source.paths:
        _refuse_unsafe(path, root)
    with warnings.catch_warnings():
        # Loaders announce their own deprecation; the owner of a corpus can do nothing about it.
        warnings.simplefilter("ignore")
        loader_class = getattr(importlib.import_module(_MODULE), source.entry.loader)
        loader = loader_class(**source.arguments)
        documents = iter(loader.lazy_load())
    for document in documents:
        yield str(document.page_content), dict(document.metadata)


def _refuse_unsafe(path: Path, root: Path) -> None:
    """Look at a file or folder before a loader does, which trusts whatever it finds."""
    if not path.exists():
        raise SourceError(f"there is no {shown(path.relative_to(root).as_posix())} in the corpus")
    for file in path.rglob("*") if path.is_dir() else (path,):
        name = shown(file.relative_to(root).as_posix())
        if file.is_symlink() and not file.resolve().is_relative_to(root):
            raise SourceError(f"{name} is a link that leads out of the corpus; remove it")
        if not file.is_file() and not file.is_dir():
            raise SourceError(f"{name} is a device, pipe or socket; remove it")
        if file.is_file() and file.stat().st_size > _MAX_FILE_BYTES:
            raise SourceError(f"{name} is larger than {_MAX_FILE_BYTES // 1024**2} MB; split it")
        if file.is_file() and is_ticket_history(file, name):
            raise SourceError(f"{name} is a ticket history, which needs no loader; leave it out")
        if file.suffix.lower() == ".zip":
            with zipfile.ZipFile(file) as archive:
                if sum(part.file_size for part in archive.infolist()) > _MAX_UNPACKED_BYTES:
                    raise SourceError(f"{name} would unpack to more than 1 GB; split it")


def _one_line(error: Exception, source: LoaderSource) -> str:
    """Return what went wrong, without values that may be secrets."""
    if isinstance(error, ImportError):
        reason = f"needs a package that is not installed: {error}"
    elif isinstance(error, IngestError):
        reason = str(error)
    else:
        reason = f"{type(error).__name__}: {error}"
    open_arguments = source.rule.paths | source.rule.urls
    for name, value in source.arguments.items():
        if isinstance(value, str) and len(value) >= _MIN_SECRET and name not in open_arguments:
            reason = reason.replace(value, f"<{name}>")
    # Addresses may carry a user and a password.
    reason = re.sub(r"(\w+://)[^\s/@]+@", r"\1", reason)
    return shown(" ".join(reason.split()))[:_MAX_MESSAGE]


class _Loading:
    """Turns what one loader gives into items, each with a name of its own."""

    def __init__(self, source: LoaderSource, manifest: Manifest, root: Path) -> None:
        self._source = source
        self._manifest = manifest
        self._root = root
        self._names: Counter[str] = Counter()

    def item(self, text: str, metadata: dict[str, object]) -> SourceItem | SourceFailure:
        """Return the document, or the one line that says why it is none."""
        name = _name(metadata, self._names.total() + 1, self._source)
        self._names[name] += 1
        again = f"#{self._names[name]}" if self._names[name] > 1 else ""
        uri = f"{self._source.entry.uri_prefix}{name}{again}"
        try:
            uri = uri_of(uri)
            described = self._described(text, uri)
        except IngestError as error:
            return SourceFailure(uri=shown(uri), error=str(error))
        # Pages change their other metadata (a time of fetching) without having changed.
        page = metadata.get("page")
        lasting: dict[str, object] = {
            "text": text,
            "title": str(metadata.get("title") or ""),
            "format": self._source.rule.text_format,
            "page": page if isinstance(page, int) else None,
        }
        kept = {
            key: value.replace(f"{self._root}/", "") if isinstance(value, str) else value
            for key, value in metadata.items()
            if isinstance(value, str | int | float | bool)
        }
        digest = hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()
        body = json.dumps(lasting | {"metadata": kept}, sort_keys=True).encode()
        return SourceItem(
            uri=uri,
            tenant=self._manifest.tenant,
            metadata=described,
            fingerprint=fingerprint(digest, described, managed=self._manifest.managed),
            kind=SourceKind.LOADED,
            root=self._root,
            managed=self._manifest.managed,
            content=_ENVELOPE + body + b"}",
        )

    def _described(self, text: str, uri: str) -> DocumentMetadata:
        """Return defaults, then what the source says, then rules, then the page's own words."""
        if not text.strip():
            raise SourceError("is empty")
        if len(text) > _MAX_TEXT:
            raise SourceError(f"has {len(text):,} characters, more than {_MAX_TEXT:,}: split it")
        own = {key: getattr(self._source.entry, key) for key in METADATA_KEYS}
        keys = self._manifest.defaults.under(MetadataKeys.model_construct(**own))
        metadata = self._manifest.metadata_from(self._manifest.ruled(uri, under=keys))
        if self._source.rule.text_format != "md":
            return metadata
        data = text.encode("utf-8", "replace")
        return describe_page(data, metadata, "front matter", managed=self._manifest.managed)


def _name(metadata: dict[str, object], at: int, source: LoaderSource) -> str:
    """Name a document by what it was loaded from, the same in every run."""
    given = next((str(metadata[key]) for key in _NAMING_KEYS if metadata.get(key)), "")
    for path in source.paths:
        base = path if path.is_dir() else path.parent
        if given.startswith(f"{base}/"):
            given = given[len(str(base)) + 1 :]
    given = re.sub(r"^\w+://", "", given).replace("\\", "/")
    name = "/".join(part for part in given.split("/") if part not in {"", ".", ".."})
    place = next(
        (
            f"#{key}={metadata[key]}"
            for key in ("page", "row")
            if isinstance(metadata.get(key), int)
        ),
        "",
    )
    return f"{name or at}{place}"


def read_loaded(data: bytes) -> ParsedDocument | None:
    """Return the text of what a loader gave, None where the bytes are not that.

    Its metadata stands under one key of its own, so that nothing in it is taken for the owner's
    word. Raises ParseError where the text gives none.
    """
    from ingest.parsing import parse

    if not data.startswith(_ENVELOPE):
        return None
    try:
        loaded = json.loads(data)["copilot_loaded"]
        text, title, page = str(loaded["text"]), str(loaded["title"]), loaded["page"]
        text_format = loaded["format"] if loaded["format"] in _FORMATS else "txt"
    except (ValueError, KeyError, TypeError) as error:
        raise ParseError("is not what a loader gave; ingest it again") from error
    parsed = parse(text.encode("utf-8", "replace"), uri=f"loaded.{text_format}")
    # Loaders count pages from 0, people from 1.
    number = page + 1 if isinstance(page, int) else None
    elements = tuple(
        replace(element, locator=replace(element.locator, page=number))
        for element in parsed.elements
    )
    return replace(
        parsed,
        title=" ".join(title.split()) or parsed.title,
        elements=elements if number else parsed.elements,
        metadata={"loaded": loaded.get("metadata", {})},
    )
