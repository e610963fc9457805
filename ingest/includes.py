"""Snippets that a page pulls in from elsewhere in its corpus, and from nowhere else."""

import posixpath
from dataclasses import dataclass, field
from pathlib import Path

from ingest.decoding import decode_text
from ingest.errors import ParseError

_MAX_SNIPPET_BYTES = 1024 * 1024
_MAX_KEPT = 256
_TEXT_SUFFIXES = frozenset({".md", ".mdx", ".markdown", ".txt", ".rst", ".html", ".htm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusIncludes:
    """Reads included files below `root`. A link or `..` that leads outside finds nothing."""

    root: Path
    _read: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, path: str) -> str | None:
        """Return the text at `path` (relative to the root, with `/`), None where there is none.

        What was read is kept: a product's name is included on every page. So a resolver is made
        for one run and not for longer.
        """
        if path not in self._read:
            if len(self._read) >= _MAX_KEPT:
                self._read.clear()
            self._read[path] = self._text(path)
        return self._read[path]

    def _text(self, path: str) -> str | None:
        root = self.root.resolve()
        try:
            found = (root / path).resolve()
            if (
                not found.is_relative_to(root)
                or found.suffix.lower() not in _TEXT_SUFFIXES
                or not found.is_file()
                or found.stat().st_size > _MAX_SNIPPET_BYTES
            ):
                return None
            return decode_text(found.read_bytes())
        except (OSError, ValueError, ParseError):
            return None


def included_path(target: str, including: str) -> str | None:
    """Say which corpus path an include means: relative to the page, or to the root after `~/`.

    None where it leads out of the corpus or to another site.
    """
    target = target.partition("#")[0].partition("?")[0].replace("\\", "/").strip()
    if not target or "://" in target or target.startswith("/") or "\x00" in target:
        return None
    if target.startswith("~/"):
        joined = posixpath.normpath(target[2:])
    else:
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(including), target))
    return None if joined == ".." or joined.startswith(("../", "/")) else joined
