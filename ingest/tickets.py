"""Ticket histories: a CSV or JSON file in which every row is a document.

A ticket is its partner's own business, so a row is never open to more people than its partner,
unless a rule of the manifest says so for that file; and a row of another partner in a folder that
is one partner's is refused. Columns that are not known are not read: they may be notes that
nobody meant to publish.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

from governance.document import DocType, DocumentMetadata
from ingest.element import ParsedDocument
from ingest.errors import IngestError, SourceError
from ingest.fingerprints import fingerprint
from ingest.manifest import Manifest
from ingest.metadata_keys import MetadataKeys, tenant_id
from ingest.names import shown
from ingest.source_item import SourceFailure, SourceItem, SourceKind
from ingest.stored_text import assemble, heading, paragraph
from ingest.ticket_row import COLUMNS, Row, is_nearly_a_ticket
from ingest.ticket_rows import rows_of, table_columns
from ingest.walk import FoundFile

_ID = re.compile(r"[^\s#\x00-\x1f\x7f]{1,128}")
_ISO_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.{0,20})?")
_ENVELOPE = b'{"copilot_ticket":'
_MAX_FAILURES = 100


def is_ticket_history(path: Path, uri: str) -> bool:
    """Whether a file is one, judged by its columns.

    Raises SourceError where it nearly is: as a plain table it would show every partner's tickets
    to whoever may read the file. Raises OSError where it cannot be read.
    """
    found = table_columns(path, uri)
    missing = sorted(COLUMNS - found)
    if not missing:
        return True
    if is_nearly_a_ticket(found):
        raise SourceError(
            f"looks like a ticket history, but has no column {', '.join(missing)}; add it, "
            "or rename the columns id and partner if it is none"
        )
    return False


def read_tickets(
    file: FoundFile, manifest: Manifest, root: Path | None
) -> Iterator[SourceItem | SourceFailure]:
    """Yield a document for every good row and a failure, with its line, for every bad one."""
    ruled = manifest.ruled(file.uri)

    # Rows repeat their partner, product and release; a long history has few of each.
    @lru_cache(maxsize=4096)
    def describe(partner: str, product: str, release: str) -> DocumentMetadata:
        return _metadata(partner, product, release, manifest=manifest, ruled=ruled)

    seen: dict[str, str] = {}
    failures = 0
    for row in rows_of(file.path, file.uri):
        try:
            values = _checked(row)
            metadata = describe(values["partner"], values["product"], values["release"])
            item = _item(values, metadata, file, manifest, root)
            first = seen.setdefault(item.uri, row.place)
            if first != row.place:
                raise SourceError(f"the id {shown(row.values['id'])!r} stands in {first} too")
            yield item
        except IngestError as error:
            failures += 1
            if failures <= _MAX_FAILURES:
                name = row.values.get("id", "").strip()
                uri = f"{file.uri}#{name}" if _ID.fullmatch(name) else file.uri
                # A row without a usable id may be any of those that were known.
                covers = "" if _ID.fullmatch(name) else f"{file.uri}#"
                yield SourceFailure(uri=uri, error=f"{row.place}: {error}", covers=covers)
    if failures > _MAX_FAILURES:
        more = f"{failures - _MAX_FAILURES} more rows cannot be read"
        yield SourceFailure(uri=file.uri, error=more, covers=f"{file.uri}#")


def _checked(row: Row) -> dict[str, str]:
    """Return the known columns of a row that can be a document, days in one form."""
    if row.problem:
        raise SourceError(row.problem)
    values = {column: row.values.get(column, "").strip() for column in COLUMNS}
    if not _ID.fullmatch(values["id"]):
        raise SourceError("has no usable id: up to 128 characters without spaces or '#'")
    for column in ("partner", "subject"):
        if not values[column]:
            raise SourceError(f"the column {column} is empty")
    if not values["description"] and not values["resolution"]:
        raise SourceError("the columns description and resolution are both empty")
    values["opened"], values["closed"] = _days(values["opened"], values["closed"])
    return values


def _item(
    values: dict[str, str],
    metadata: DocumentMetadata,
    file: FoundFile,
    manifest: Manifest,
    root: Path | None,
) -> SourceItem:
    data = row_bytes(values)
    return SourceItem(
        uri=f"{file.uri}#{values['id']}",
        tenant=manifest.tenant,
        metadata=metadata,
        fingerprint=fingerprint(
            hashlib.sha256(data).hexdigest(), metadata, managed=manifest.managed
        ),
        kind=SourceKind.ROW,
        root=root,
        managed=manifest.managed,
        content=data,
    )


def _days(opened: str, closed: str) -> tuple[str, str]:
    first, last = _day(opened, "opened"), _day(closed, "closed") if closed else None
    if last and last < first:
        raise SourceError(f"was closed on {last}, before it was opened on {first}")
    return first.isoformat(), last.isoformat() if last else ""


def _day(value: str, column: str) -> date:
    match = _ISO_DAY.fullmatch(value)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError:
        raise SourceError(
            f"{column} is {shown(value)[:40]!r}, not a day; write it as 2026-01-31"
        ) from None


def _metadata(
    partner: str, product: str, release: str, *, manifest: Manifest, ruled: MetadataKeys
) -> DocumentMetadata:
    row = MetadataKeys.model_construct(
        doc_type=ruled.doc_type or DocType.TICKET,
        audience=tuple(sorted(_audience(partner, manifest, ruled))),
        product=product or None,
        releases=(release,) if release else None,
    )
    return manifest.metadata_from(manifest.defaults.under(ruled).under(row))


def _audience(partner: str, manifest: Manifest, ruled: MetadataKeys) -> frozenset[str]:
    """Decide who may read a row. Raises SourceError where it must not be published."""
    said = ruled.audience or manifest.defaults.audience or ()
    tenants = {word for word in said if word.startswith("tenant:")}
    if tenants and f"tenant:{partner}" not in tenants:
        raise SourceError(
            f"belongs to the partner {shown(partner)[:80]!r}, but {manifest.where} opens this file "
            f"to {', '.join(sorted(tenants))}; move the row or correct the audience"
        )
    if ruled.audience:
        return frozenset(ruled.audience)
    # A default is meant for documents at large: it never opens one partner's ticket to others,
    # and never opens to a partner what is to stay inside.
    if said and not tenants and "partners" not in said:
        if set(said) == {"internal"}:
            return frozenset({"internal"})
        raise SourceError(
            f"is open to {', '.join(said)} by default, which may be others than its partner; "
            "say in a rule of corpus.yaml who may read this file"
        )
    try:
        return frozenset({f"tenant:{tenant_id(partner)}"})
    except ValueError as error:
        raise SourceError(f"partner {error}") from None


def row_bytes(values: dict[str, str]) -> bytes:
    """Return the bytes by which a row is kept."""
    # Pure ASCII, so that the bytes are the same whatever the file's own encoding was.
    return _ENVELOPE + json.dumps(values, sort_keys=True).encode() + b"}"


def row_values(data: bytes) -> dict[str, str] | None:
    """Return the columns that `row_bytes` wrote, None where the bytes are not a row's."""
    if not data.startswith(_ENVELOPE):
        return None
    try:
        values = json.loads(data)["copilot_ticket"]
        return {column: str(values[column]) for column in COLUMNS}
    except (ValueError, KeyError, TypeError):
        return None


def read_ticket(data: bytes) -> ParsedDocument | None:
    """Return the text of a row's bytes, None where they are not a row's."""
    row = row_values(data)
    if row is None:
        return None
    release = f", release {row['release']}" if row["release"] else ""
    closed = f", closed {row['closed']}" if row["closed"] else ", not closed yet"
    facts = f"{row['product']}{release}. " if row["product"] else release.removeprefix(", ")
    blocks = [paragraph(f"{facts}Opened {row['opened']}{closed}.")]
    for title, column in (("Problem", "description"), ("Resolution", "resolution")):
        if row[column]:
            blocks.append(heading(title, level=2))
            blocks.extend(paragraph(part) for part in re.split(r"\n\s*\n", row[column]))
    return assemble(blocks, title=f"Ticket {row['id']}: {row['subject']}")
