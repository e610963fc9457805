"""corpus.yaml: what the owner of a folder says about its documents.

A manifest decides who may read what, so it is read strictly: an unknown key, a doubtful value or
a key that stands twice stops the ingest with one line that names the place.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from governance.document import ApprovalState, DocType, DocumentMetadata
from ingest.errors import ManifestError
from ingest.metadata_keys import MetadataKeys, audience_word, tenant_id, validated
from ingest.names import shown
from ingest.page_metadata import describe_page, front_matter
from ingest.patterns import compile_pattern
from ingest.plain_yaml import Plain, read_plain_yaml

__all__ = [
    "MANIFEST_NAME", "IngestOptions", "Manifest", "SourceEntry", "describe_page", "front_matter",
    "read_manifest",
]  # fmt: skip

MANIFEST_NAME = "corpus.yaml"
VENDOR = "vendor"
"""The owner of documents where neither a manifest nor an option names one."""

_TYPED_KEYS = frozenset({"arguments", "network"})


def _pattern(value: str) -> str:
    compile_pattern(value)
    return value


def _prefix(value: str) -> str:
    if not value or value.startswith("/") or ".." in value.split("/"):
        raise ValueError("uri_prefix is the beginning of a path, such as 'wiki/'")
    return value


class RuleEntry(MetadataKeys):
    """Metadata for the documents whose URI matches a pattern."""

    match: Annotated[str, AfterValidator(_pattern)]


class SourceEntry(MetadataKeys):
    """A LangChain document loader as a source; its metadata keys hold for what it loads."""

    loader: str
    arguments: dict[str, object] = Field(default_factory=dict)
    uri_prefix: Annotated[str, AfterValidator(_prefix)]
    network: bool = False


class _ManifestFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: Annotated[str, AfterValidator(tenant_id)] | None = None
    defaults: MetadataKeys = MetadataKeys()
    documents: tuple[RuleEntry, ...] = ()
    sources: tuple[SourceEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """What the command line says about documents; None and empty where it says nothing."""

    tenant: str | None = None
    audience: tuple[str, ...] = ()
    doc_type: DocType | None = None
    approval: ApprovalState | None = None

    def keys(self) -> MetadataKeys:
        """Return the options as metadata. Raises ManifestError for an unknown audience."""
        try:
            return MetadataKeys.model_construct(
                audience=tuple(audience_word(word) for word in self.audience) or None,
                doc_type=self.doc_type,
                approval=self.approval,
            )
        except ValueError as error:
            raise ManifestError(f"--audience: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is said about the documents of one folder: by its corpus.yaml and the options.

    `managed` is true where there is a corpus.yaml: only then does a page's front matter decide
    more than its title. `defaults` are the manifest's, filled up from the options.
    """

    tenant: str
    managed: bool
    defaults: MetadataKeys
    rules: tuple[RuleEntry, ...] = ()
    rule_lines: tuple[int, ...] = ()
    sources: tuple[SourceEntry, ...] = ()
    source_lines: tuple[int, ...] = ()
    where: str = MANIFEST_NAME

    def ruled(self, uri: str, *, under: MetadataKeys | None = None) -> MetadataKeys:
        """Return what the matching rules say about a URI, without the defaults; later ones win.

        `under` is what they are laid over.
        """
        keys = under or MetadataKeys()
        for rule in self.rules:
            if compile_pattern(rule.match).fullmatch(uri):
                keys = keys.under(rule)
        return keys

    def metadata_for(self, uri: str) -> DocumentMetadata:
        """Return what is known about a document before it is opened: defaults, then rules.

        Raises ManifestError where a default and a rule together make no sense.
        """
        return self.metadata_from(self.defaults.under(self.ruled(uri)))

    def metadata_from(self, keys: MetadataKeys) -> DocumentMetadata:
        """Return metadata from keys, with the safest value for what nobody set."""
        try:
            return keys.applied_to(DocumentMetadata())
        except ValueError as error:
            raise ManifestError(f"{self.where}: {error}") from None


def read_manifest(folder: Path, options: IngestOptions) -> Manifest:
    """Read the folder's corpus.yaml, or make a manifest from the options where it has none.

    Raises ManifestError, with file and line, for a manifest that cannot be used as it stands.
    """
    if options.tenant is not None:
        try:
            tenant_id(options.tenant)
        except ValueError as error:
            raise ManifestError(f"--tenant: {error}") from None
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return Manifest(tenant=options.tenant or VENDOR, managed=False, defaults=options.keys())
    where = shown(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ManifestError(f"{where}: cannot be read: {reason}") from None
    return parse_manifest(text, options, where)


def parse_manifest(text: str, options: IngestOptions, where: str = MANIFEST_NAME) -> Manifest:
    """Make a manifest from a corpus.yaml's text."""
    yaml = read_plain_yaml(text, where)
    entries = validated(_ManifestFile, _with_typed_arguments(yaml.text, yaml.typed), yaml, where)
    if options.tenant is not None and entries.owner not in {None, options.tenant}:
        raise ManifestError(
            f"{where} line {yaml.line_of(('owner',))}: these documents belong to "
            f"{entries.owner!r}, not to --tenant {options.tenant!r}; leave the option out"
        )
    return Manifest(
        tenant=entries.owner or options.tenant or VENDOR,
        managed=True,
        defaults=options.keys().under(entries.defaults),
        rules=entries.documents,
        rule_lines=tuple(
            yaml.line_of(("documents", at, "match")) for at in range(len(entries.documents))
        ),
        sources=entries.sources,
        source_lines=tuple(
            yaml.line_of(("sources", at, "loader")) for at in range(len(entries.sources))
        ),
        where=where,
    )


def _with_typed_arguments(text: dict[str, Plain], typed: dict[str, Plain]) -> dict[str, Plain]:
    """Return the text, but a loader's arguments and switch as numbers and booleans."""
    sources, resolved = text.get("sources"), typed.get("sources")
    if not isinstance(sources, list) or not isinstance(resolved, list):
        return text
    merged: list[Plain] = []
    for raw, source in zip(sources, resolved, strict=True):
        if isinstance(raw, dict) and isinstance(source, dict):
            merged.append({k: source[k] if k in _TYPED_KEYS else v for k, v in raw.items()})
        else:
            merged.append(raw)
    return text | {"sources": merged}
