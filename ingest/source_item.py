"""What a source gives: a document before it is read, a failure, or something left out."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from governance.document import DocumentMetadata
from ingest.detection import suffix_of
from ingest.errors import SourceError
from ingest.page_metadata import describe_page

_MARKDOWN = frozenset({"md", "mdx", "markdown"})


class SourceKind(StrEnum):
    """How an item's bytes become a text."""

    FILE = "file"
    ROW = "row"
    LOADED = "loaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """One document before it is read.

    `content` is a file's path, or the bytes of a row or of what a loader gave (which
    `read_derived` turns into text, then and when the index is rebuilt from blobs). `metadata` is
    what the manifest and the options say; `described` adds what the page says of itself. Below
    `root` a page may include others; None: it includes nothing.
    """

    uri: str
    tenant: str
    metadata: DocumentMetadata
    fingerprint: str
    kind: SourceKind
    root: Path | None
    managed: bool
    content: Path | bytes

    def read(self) -> bytes:
        """Return the document's bytes. Raises SourceError where the file cannot be read now."""
        if isinstance(self.content, bytes):
            return self.content
        try:
            return self.content.read_bytes()
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror or error}") from None

    def described(self, data: bytes) -> DocumentMetadata:
        """Return the metadata with the front matter of a Markdown page.

        Raises ManifestError where a page says something that cannot be understood.
        """
        if self.kind is not SourceKind.FILE or suffix_of(self.uri) not in _MARKDOWN:
            return self.metadata
        described = describe_page(data, self.metadata, "front matter", managed=self.managed)
        if self.metadata.title and not self.managed:
            # It was given for this one document, by whom nothing else on the page is believed.
            return self.metadata
        return described


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailure:
    """What should have become a document and cannot, in one line, safe to print.

    `uri` names it as it would have been called; `covers` is set where more than one document
    hangs on it: no URI that starts with it may be taken for vanished because of this failure.
    """

    uri: str
    error: str
    covers: str = ""

    def concerns(self, uri: str) -> bool:
        """Whether a known document's absence may only be due to this failure."""
        return uri == self.uri or (bool(self.covers) and uri.startswith(self.covers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What is no document, and why; no failure."""

    uri: str
    reason: str
