"""What a document rests on, as one hash: unchanged means that nothing needs to be done.

A page changes when its own bytes do, when a snippet that it includes does (however deep), or when
what the manifest says about it does.
"""

import hashlib
import json
import re
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from governance.document import DocumentMetadata
from ingest.detection import suffix_of
from ingest.includes import included_path

_INCLUDING_SUFFIXES = frozenset({"md", "mdx", "markdown", "yml", "yaml", "rst"})
_INCLUDE = re.compile(rb"\[!include\s*\[[^\]\n]*\]\s*\(([^)\n]*)\)", re.IGNORECASE)
_CODE = re.compile(rb"^[ \t>]*(```+|~~~+).*?^[ \t>]*\1|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_TITLED = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*---[ \t]*\r?\n(?:(?!---).*\n)*?title:[ \t]*\S")
_MAX_SCANNED_BYTES = 16 * 1024 * 1024
_MAX_INCLUDES = 10_000
_ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What one reading of a file tells: its SHA-256, what it includes, whether it is a page.

    `includes` are corpus paths, in code blocks too; `shows` leaves those out. `titled` says that
    its front matter gives it a title of its own.
    """

    digest: str
    includes: frozenset[str] = frozenset()
    shows: frozenset[str] = frozenset()
    titled: bool = False


class FolderFacts:
    """Reads each file of one folder once, and puts fingerprints together from what it saw."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, FileFacts | None] = {}

    def of(self, uri: str, path: Path) -> FileFacts:
        """Return the facts of a document's file. Raises OSError where it cannot be read."""
        facts = self._known.get(uri)
        if facts is None:
            facts = read_facts(path, uri)
            if facts.includes or suffix_of(uri) in _INCLUDING_SUFFIXES:
                self._known[uri] = facts
        return facts

    def content_hash(self, uri: str, path: Path) -> str:
        """Return one hash for the file and everything that it includes."""
        own = self.of(uri, path)
        if not own.includes:
            return own.digest
        reached: dict[str, str] = {}
        pending = sorted(own.includes)
        while pending and len(reached) < _MAX_INCLUDES:
            target = pending.pop()
            if target in reached:
                continue
            facts = self._included(target)
            reached[target] = facts.digest if facts else _ABSENT
            if facts:
                pending.extend(facts.includes - reached.keys())
        return _hash([own.digest, *(f"{name}\0{reached[name]}" for name in sorted(reached))])

    def _included(self, target: str) -> FileFacts | None:
        """Return the facts of an included file, None where the corpus has none."""
        if target not in self._known:
            self._known[target] = None
            try:
                path = (self._root / target).resolve()
                if path.is_relative_to(self._root) and path.is_file():
                    self._known[target] = read_facts(path, target, always=True)
            except (OSError, ValueError):
                pass
        return self._known[target]


def read_facts(path: Path, uri: str, *, always: bool = False) -> FileFacts:
    """Read a file once. Large files, and those that cannot include others, are only hashed."""
    with path.open("rb") as file:
        if not always and suffix_of(uri) not in _INCLUDING_SUFFIXES:
            return FileFacts(digest=hashlib.file_digest(file, "sha256").hexdigest())
        data = file.read(_MAX_SCANNED_BYTES)
        digest = hashlib.sha256(data)
        while rest := file.read(1024 * 1024):
            digest.update(rest)
    targets = _INCLUDE.findall(data)
    includes = _paths(targets, uri)
    if not includes:
        return FileFacts(digest=digest.hexdigest(), titled=bool(_TITLED.match(data)))
    shown = includes if b"`" not in data and b"~~~" not in data else _paths(
        _INCLUDE.findall(_CODE.sub(b"", data)), uri
    )  # fmt: skip
    return FileFacts(
        digest=digest.hexdigest(),
        includes=includes,
        shows=shown,
        titled=bool(_TITLED.match(data)),
    )


def _paths(targets: list[bytes], uri: str) -> frozenset[str]:
    paths = {
        included_path(target.decode("utf-8", errors="replace").strip().split(" ")[0], uri)
        for target in set(targets)
    }
    return frozenset(path for path in paths if path)


def snippets_among(facts: dict[str, FileFacts]) -> frozenset[str]:
    """Return the files that only exist to be included, by URI.

    That is a file without a title of its own that some document includes, directly or through
    another snippet. Files that only include each other in a ring stay documents: somebody must be
    the page. In a folder called `includes` in which one file is a snippet, all are.
    """
    targets = {
        target
        for uri, found in facts.items()
        for target in found.shows
        if target != uri and target in facts and not facts[target].titled
    }
    snippets: set[str] = set()
    pending = [uri for uri in facts if uri not in targets]
    while pending:
        uri = pending.pop()
        for target in facts[uri].shows & targets:
            if target not in snippets and target != uri:
                snippets.add(target)
                pending.append(target)
    folders = {folder for uri in snippets if (folder := _includes_folder(uri))}
    unused = {
        uri for uri, found in facts.items() if _includes_folder(uri) in folders and not found.titled
    }
    return frozenset(snippets | (unused if folders else set()))


def _includes_folder(uri: str) -> str:
    """Return the outermost folder called `includes` that a file lies in, empty where none."""
    parts = uri.split("/")[:-1]
    for at, part in enumerate(parts):
        if part.casefold() in {"includes", "_includes"}:
            return "/".join(parts[: at + 1])
    return ""


def fingerprint(content: str, metadata: DocumentMetadata, *, managed: bool) -> str:
    """Return the hash of everything that decides how a document is indexed."""
    return _hash([content, _canonical(metadata), "managed" if managed else ""])


@lru_cache(maxsize=256)
def _canonical(metadata: DocumentMetadata) -> str:
    values = {field.name: getattr(metadata, field.name) for field in fields(metadata)}
    values["audience"] = sorted(metadata.audience)
    if metadata.review_by is None:
        # The key is younger than fingerprints that are kept: nothing is read again for it.
        del values["review_by"]
    return json.dumps(values, sort_keys=True, default=str)


def _hash(parts: list[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
