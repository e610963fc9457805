"""The files of an upload as a source of documents: what they say of themselves is not believed.

No page of an upload includes another, front matter gives a title at most, and a row of a ticket
history goes to whom its sender may address, or nowhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from governance.principal import Principal
from ingest.errors import IngestError
from ingest.fingerprints import fingerprint
from ingest.manifest import Manifest
from ingest.metadata_keys import MetadataKeys
from ingest.source_item import Skipped, SourceFailure, SourceItem, SourceKind
from ingest.tickets import is_ticket_history, read_tickets
from ingest.upload_metadata import beyond_reach
from ingest.walk import FoundFile

_WHERE = "the upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A file that waits: where its bytes are now, and what its document is to be called."""

    uri: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadCorpus:
    """The source that is one upload. `sender` owns, by their tenant, what is in it."""

    sender: Principal
    keys: MetadataKeys
    files: tuple[UploadedFile, ...]
    skipped: tuple[Skipped, ...] = ()
    unsupported: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def tenants(self) -> frozenset[str]:
        """The sender's, and no other."""
        return frozenset({self.sender.tenant})

    def __iter__(self) -> Iterator[SourceItem | SourceFailure]:
        """Yield every document once, and every failure where it shows."""
        for file in self.files:
            for found in _from_file(file, self.sender.tenant, self.keys):
                yield self._within_reach(found)

    def _within_reach(self, found: SourceItem | SourceFailure) -> SourceItem | SourceFailure:
        if isinstance(found, SourceFailure):
            return found
        others = beyond_reach(self.sender, found.metadata.audience)
        if not others:
            return found
        return SourceFailure(
            uri=found.uri,
            error=f"is for {', '.join(sorted(others))}, whom none of its sender's roles allows to "
            "address; say in the metadata: audience internal",
        )


def _from_file(
    file: UploadedFile, tenant: str, keys: MetadataKeys
) -> Iterator[SourceItem | SourceFailure]:
    manifest = Manifest(tenant=tenant, managed=False, defaults=keys, where=_WHERE)
    try:
        if is_ticket_history(file.path, file.uri):
            whole = FoundFile(uri=file.uri, path=file.path, size=file.size)
            # Each ticket is called by its own subject.
            untitled = replace(manifest, defaults=keys.model_copy(update={"title": None}))
            yield from read_tickets(whole, untitled, None)
            return
        metadata = manifest.metadata_for(file.uri)
    except (IngestError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        yield SourceFailure(uri=file.uri, error=reason or "cannot be read")
        return
    yield SourceItem(
        uri=file.uri,
        tenant=tenant,
        metadata=metadata,
        fingerprint=fingerprint(file.sha256, metadata, managed=False),
        kind=SourceKind.FILE,
        root=None,
        managed=False,
        content=file.path,
    )
