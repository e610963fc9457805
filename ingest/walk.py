"""Which files of a folder are documents, judged from outside: by name, kind and size."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.detection import SUFFIXES, suffix_of
from ingest.errors import SourceError
from ingest.manifest import MANIFEST_NAME
from ingest.names import shown, uri_of
from ingest.source_item import Skipped, SourceFailure

CASES_NAME = "cases.jsonl"
CONVERSATIONS_NAME = "conversations.jsonl"
BASELINE_NAME = "baseline.json"
README_NAME = "README.md"
MAX_FILE_BYTES = 100 * 1024 * 1024
_LEGACY_SUFFIXES = frozenset({"doc", "dot", "xls", "ppt", "pps"})
_BACKUP_ENDINGS = ("~", ".bak", ".swp", ".swo", ".tmp", ".orig", ".rej")
_OWN_FILES = {
    MANIFEST_NAME: "the manifest",
    CASES_NAME: "questions for evaluation",
    CONVERSATIONS_NAME: "conversations for evaluation",
}
_SNIFFED_BYTES = 4096
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file that is to become documents. `size` is in bytes."""

    uri: str
    path: Path
    size: int


@dataclass(slots=True, kw_only=True)
class Walk:
    """What was found in a folder: documents, failures and what was left out."""

    files: list[FoundFile] = field(default_factory=list)
    failures: list[SourceFailure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unsupported: Counter[str] = field(default_factory=Counter)


def walk_folder(root: Path, *, managed: bool) -> Walk:
    """Look at everything below `root`, in an order that does not depend on the file system."""
    return _Walker(root=root, managed=managed).run()


def walk_file(path: Path, *, managed: bool) -> Walk:
    """Look at one file that was named on its own."""
    walker = _Walker(root=path.parent, managed=managed)
    with os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name == path.name:
                walker.see(entry, "", named=True)
    return walker.finished()


class _Walker:
    def __init__(self, *, root: Path, managed: bool) -> None:
        self._root = root
        self._managed = managed
        self._walk = Walk()

    def run(self) -> Walk:
        # Our own stack: a folder nested a thousand deep must not exhaust Python's.
        pending: list[tuple[str, int]] = [("", 0)]
        while pending:
            folder, depth = pending.pop()
            below: list[tuple[str, int]] = []
            for entry in self._entries(folder, depth):
                relative = f"{folder}{entry.name}"
                if self.see(entry, relative):
                    below.append((f"{relative}/", depth + 1))
            pending.extend(reversed(below))
        return self.finished()

    def finished(self) -> Walk:
        """Refuse names that are the same once normalised, and return what was found."""
        counts = Counter(file.uri for file in self._walk.files)
        doubles = [file for file in self._walk.files if counts[file.uri] > 1]
        for file in doubles:
            self._fail(file.uri, "another file has the same name in another spelling of Unicode; "
                       "rename one")  # fmt: skip
        self._walk.files = sorted(
            (file for file in self._walk.files if counts[file.uri] == 1), key=lambda file: file.uri
        )
        return self._walk

    def _entries(self, folder: str, depth: int) -> Iterator["os.DirEntry[str]"]:
        if depth > _MAX_DEPTH:
            message = f"is nested deeper than {_MAX_DEPTH} folders"
            self._fail(folder, message, covers=shown(folder))
            return
        try:
            with os.scandir(self._root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not folder:
                message = f"{shown(str(self._root))} cannot be read: {error.strerror or error}"
                raise SourceError(message) from None
            covers = shown(folder)
            self._fail(folder, f"cannot be read: {error.strerror or error}", covers=covers)
            return
        yield from found

    def see(self, entry: "os.DirEntry[str]", relative: str, *, named: bool = False) -> bool:
        """Sort one entry; true where it is a folder to look into."""
        relative = relative or entry.name
        reason = "" if named else self._uninteresting(entry.name, relative)
        if reason:
            self._skip(relative, reason)
            return False
        try:
            if entry.is_symlink():
                reason = self._bad_link(entry)
                if reason:
                    self._skip(relative, reason)
                    return False
            elif entry.is_dir(follow_symlinks=False):
                return True
            status = entry.stat()
            if not stat.S_ISREG(status.st_mode):
                self._skip(relative, "a device, pipe or socket, not a file")
                return False
            uri = uri_of(relative)
            if self._supported(entry, relative, status.st_size):
                self._take(uri, Path(entry.path), status.st_size)
        except SourceError as error:
            self._fail(relative, str(error))
        except OSError as error:
            self._fail(relative, f"cannot be read: {error.strerror or type(error).__name__}")
        return False

    def _take(self, uri: str, path: Path, size: int) -> None:
        if size > MAX_FILE_BYTES:
            megabytes = MAX_FILE_BYTES // 1024**2
            self._fail(uri, f"is {size / 1024**2:.0f} MB, more than the {megabytes} MB that are "
                       "read: split it", covers=f"{uri}#")  # fmt: skip
        else:
            self._walk.files.append(FoundFile(uri=uri, path=path, size=size))

    def _uninteresting(self, name: str, relative: str) -> str:
        if name.startswith("."):
            return "hidden"
        if name.startswith("~$"):
            return "a lock file of an open Office document"
        if name.endswith(_BACKUP_ENDINGS) or (name.startswith("#") and name.endswith("#")):
            return "a backup or temporary file"
        if relative == README_NAME and self._managed:
            return "about the corpus, not of it"
        if relative == BASELINE_NAME and self._managed:
            return "what an evaluation is held against"
        return _OWN_FILES.get(relative, "")

    def _bad_link(self, entry: "os.DirEntry[str]") -> str:
        try:
            target = Path(entry.path).resolve(strict=True)
        except (OSError, RuntimeError):
            return "a link that leads nowhere"
        if not target.is_relative_to(self._root):
            return "a link that leads out of the folder"
        return "a link to a folder, which is read in its own place" if target.is_dir() else ""

    def _supported(self, entry: "os.DirEntry[str]", relative: str, size: int) -> bool:
        suffix = suffix_of(relative)
        if suffix in SUFFIXES or suffix in _LEGACY_SUFFIXES:
            return True
        if size:
            with open(entry.path, "rb") as file:  # noqa: PTH123 - a DirEntry is no Path yet
                if _is_document(file.read(_SNIFFED_BYTES), suffix):
                    return True
        self._walk.unsupported[f".{shown(suffix)}" if suffix else "without suffix"] += 1
        return False

    def _skip(self, relative: str, reason: str) -> None:
        self._walk.skipped.append(Skipped(uri=shown(relative), reason=reason))

    def _fail(self, relative: str, error: str, *, covers: str = "") -> None:
        self._walk.failures.append(SourceFailure(uri=shown(relative), error=error, covers=covers))


def _is_document(head: bytes, suffix: str) -> bool:
    """Whether a file whose name says nothing is one of the formats that say so themselves."""
    if b"%PDF-" in head[:1024] or head.startswith(b"{\\rtf"):
        return True
    if head.startswith(b"PK\x03\x04"):
        return b"[Content_Types].xml" in head or b"mimetypeapplication/" in head
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower()
    return not suffix and start.startswith((b"<!doctype html", b"<html"))
