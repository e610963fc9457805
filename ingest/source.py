"""Where documents come from: folders, files, rows of ticket histories and document loaders.

    paths ──discover()──▶ Corpus ──iterate──▶ SourceItem | SourceFailure

Nothing is parsed here. An item knows its name, its metadata and a fingerprint; whoever ingests
compares the fingerprint first, and reads the item's bytes only where it changed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from ingest.detection import suffix_of
from ingest.element import ParsedDocument
from ingest.errors import IngestError, SourceError
from ingest.fingerprints import FileFacts, FolderFacts, fingerprint, snippets_among
from ingest.loaders import LoaderSource, checked_sources, load_sources, read_loaded
from ingest.manifest import IngestOptions, Manifest, read_manifest
from ingest.names import shown
from ingest.patterns import compile_pattern
from ingest.source_item import Skipped, SourceFailure, SourceItem, SourceKind
from ingest.tickets import is_ticket_history, read_ticket, read_tickets
from ingest.walk import FoundFile, Walk, walk_file, walk_folder

__all__ = [
    "Corpus", "Skipped", "Source", "SourceFailure", "SourceItem", "SourceKind", "discover",
    "read_derived",
]  # fmt: skip

_MARKDOWN = frozenset({"md", "mdx", "markdown"})


class Source(Protocol):
    """Whatever documents come from. Iterating gives them, and what failed, as it comes.

    `skipped` is no failure; `unsupported` counts files of kinds that are not read, by suffix;
    `warnings` are lines for the owner, such as a rule that matches nothing.
    """

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What is no document."""

    @property
    def unsupported(self) -> Mapping[str, int]:
        """How many files of kinds that are not read."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the owner should know."""

    @property
    def tenants(self) -> frozenset[str]:
        """The owners of the documents."""

    def __iter__(self) -> Iterator[SourceItem | SourceFailure]:
        """Yield every document once, and every failure where it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    root: Path
    manifest: Manifest
    walk: Walk
    facts: FolderFacts
    documents: tuple[FoundFile, ...]
    sources: tuple[LoaderSource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The source that is everything found in some folders."""

    folders: tuple[_Folder, ...]
    skipped: tuple[Skipped, ...]
    unsupported: Mapping[str, int]
    warnings: tuple[str, ...]

    @property
    def file_count(self) -> int:
        """How many files iterating will go through, for a progress bar."""
        return sum(len(folder.documents) for folder in self.folders)

    @property
    def tenants(self) -> frozenset[str]:
        """The owners of what was found."""
        return frozenset(folder.manifest.tenant for folder in self.folders)

    def __iter__(self) -> Iterator[SourceItem | SourceFailure]:
        """Yield every document once, and every failure where it shows."""
        taken = {
            (folder.manifest.tenant, file.uri) for folder in self.folders
            for file in folder.documents
        }  # fmt: skip
        for folder in self.folders:
            yield from folder.walk.failures
            for file in folder.documents:
                yield from _from_file(folder, file)
            for found in load_sources(folder.manifest, folder.root, folder.sources):
                if isinstance(found, SourceItem):
                    key = (found.tenant, found.uri)
                    if key in taken:
                        yield SourceFailure(
                            uri=found.uri,
                            error="has the URI of another document; change uri_prefix",
                        )
                        continue
                    taken.add(key)
                yield found


def discover(paths: Sequence[Path], options: IngestOptions) -> Corpus:
    """Look at folders and files, and say what is in them.

    Raises SourceError for a path that does not exist or two that would claim the same URI, and
    ManifestError for a corpus.yaml that cannot be used.
    """
    folders = tuple(_open_folder(path, options) for path in _distinct(paths))
    _refuse_shared_uris(folders)
    unsupported: Counter[str] = Counter()
    for folder in folders:
        unsupported.update(folder.walk.unsupported)
    return Corpus(
        folders=folders,
        skipped=tuple(entry for folder in folders for entry in folder.walk.skipped),
        unsupported=MappingProxyType(dict(sorted(unsupported.items()))),
        warnings=tuple(line for folder in folders for line in _idle_rules(folder)),
    )


def read_derived(data: bytes) -> ParsedDocument | None:
    """Return the text of a row or of what a loader gave, None for the bytes of a file."""
    return read_ticket(data) or read_loaded(data)


def _distinct(paths: Sequence[Path]) -> list[Path]:
    resolved: dict[Path, Path] = {}
    for path in paths:
        try:
            resolved.setdefault(path.resolve(strict=True), path)
        except (OSError, RuntimeError, ValueError):
            raise SourceError(f"no such file or folder: {shown(str(path))}") from None
    for inner, given in resolved.items():
        for outer in inner.parents:
            if outer in resolved:
                raise SourceError(
                    f"{shown(str(given))} lies inside {shown(str(resolved[outer]))}, which is "
                    "ingested too; leave it out"
                )
    return list(resolved)


def _open_folder(path: Path, options: IngestOptions) -> _Folder:
    is_folder = path.is_dir()
    if not is_folder and not path.is_file():
        raise SourceError(f"{shown(str(path))} is neither a file nor a folder")
    root = path if is_folder else path.parent
    manifest = read_manifest(root, options)
    walk = (
        walk_folder(root, managed=manifest.managed)
        if is_folder
        else walk_file(path, managed=manifest.managed)
    )
    sources = checked_sources(manifest, root)
    _leave_to_loaders(walk, sources)
    facts = FolderFacts(root)
    snippets = snippets_among(_facts_of_pages(walk, facts))
    for uri in sorted(snippets):
        walk.skipped.append(Skipped(uri=uri, reason="a snippet that documents include"))
    return _Folder(
        root=root,
        manifest=manifest,
        walk=walk,
        facts=facts,
        documents=tuple(file for file in walk.files if file.uri not in snippets),
        sources=sources,
    )


def _leave_to_loaders(walk: Walk, sources: Sequence[LoaderSource]) -> None:
    """Take out what a loader reads: it must not become a document twice."""
    for source in sources:
        for path in source.paths:
            taken = [file for file in walk.files if file.path.is_relative_to(path)]
            walk.files = [file for file in walk.files if not file.path.is_relative_to(path)]
            reason = f"read by {source.entry.loader}"
            walk.skipped.extend(Skipped(uri=file.uri, reason=reason) for file in taken)


def _facts_of_pages(walk: Walk, facts: FolderFacts) -> dict[str, FileFacts]:
    pages: dict[str, FileFacts] = {}
    for file in walk.files:
        if suffix_of(file.uri) in _MARKDOWN:
            try:
                pages[file.uri] = facts.of(file.uri, file.path)
            except OSError:
                continue  # told when its turn comes
    return pages


def _refuse_shared_uris(folders: Sequence[_Folder]) -> None:
    places: dict[tuple[str, str], Path] = {}
    for folder in folders:
        for file in folder.documents:
            key = (folder.manifest.tenant, file.uri)
            first = places.setdefault(key, file.path)
            if first is not file.path:
                raise SourceError(
                    f"{shown(str(first))} and {shown(str(file.path))} would both be called "
                    f"{file.uri!r}; ingest the folder above them instead"
                )


def _idle_rules(folder: _Folder) -> Iterator[str]:
    if not folder.documents:
        return
    for rule, line in zip(folder.manifest.rules, folder.manifest.rule_lines, strict=True):
        pattern = compile_pattern(rule.match)
        if any(rule.match.startswith(source.entry.uri_prefix) for source in folder.sources):
            continue
        if not any(pattern.fullmatch(file.uri) for file in folder.walk.files):
            yield f"{folder.manifest.where} line {line}: {rule.match!r} matches no document"


def _from_file(folder: _Folder, file: FoundFile) -> Iterator[SourceItem | SourceFailure]:
    try:
        if is_ticket_history(file.path, file.uri):
            yield from read_tickets(file, folder.manifest, folder.root)
            return
        metadata = folder.manifest.metadata_for(file.uri)
        content = folder.facts.content_hash(file.uri, file.path)
    except (IngestError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        yield SourceFailure(uri=file.uri, error=reason or "cannot be read", covers=f"{file.uri}#")
        return
    yield SourceItem(
        uri=file.uri,
        tenant=folder.manifest.tenant,
        metadata=metadata,
        fingerprint=fingerprint(content, metadata, managed=folder.manifest.managed),
        kind=SourceKind.FILE,
        root=folder.root,
        managed=folder.manifest.managed,
        content=file.path,
    )
