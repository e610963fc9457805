"""The catalog's tables."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from foundation.database import metadata

documents = Table(
    "documents",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(128), nullable=False),
    Column("uri", Text, nullable=False),
    # A person's withdrawal outlives the file: the next crawl must not undo it.
    Column("withdrawn_by_person", Boolean, nullable=False, default=False),
    # Withdrawn because its file was gone: it comes back when the file does.
    Column("vanished", Boolean, nullable=False, default=False),
    # Came by itself and not with a folder, so no folder can lack it.
    Column("uploaded", Boolean, nullable=False, default=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("documents_tenant_uri", "tenant", "uri", unique=True),
)

access_classes = Table(
    "access_classes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("chunks", Integer, nullable=False, default=0),
)

versions = Table(
    "versions",
    metadata,
    Column("document_id", ForeignKey("documents.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("fingerprint", String(80), nullable=False),
    Column("blob_key", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("doc_type", String(32), nullable=False),
    Column("audience", JSON, nullable=False),
    Column("approval", String(16), nullable=False),
    Column("approved_by", String(255), nullable=False),
    Column("approved_at", DateTime(timezone=True)),
    Column("effective_from", Date),
    Column("effective_to", Date),
    Column("product", String(255), nullable=False),
    Column("releases", JSON, nullable=False),
    Column("supersedes", JSON, nullable=False),
    Column("language", String(16), nullable=False),
    Column("sensitivity", String(16), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("chunk_count", Integer, nullable=False),
    # Until when somebody has to look at it again; None: as policy says.
    Column("review_by", Date),
    # When its approval was looked at again and still held.
    Column("verified_at", DateTime(timezone=True)),
    Column("reminded_at", DateTime(timezone=True)),
    # Since when it counts where `effective_from` says nothing: its first approval, whatever came
    # after it.
    Column("counts_from", Date),
    # Since when it counts no more. It stays while the version is reviewed again, or what this one
    # replaced would come back.
    Column("expired_at", DateTime(timezone=True)),
    # What follows is derived from the rows of the same document by `governance.settling`.
    Column("document_audience", JSON, nullable=False),
    Column("valid_from", Integer, nullable=False),
    Column("valid_to", Integer, nullable=False),
    Column("class_id", ForeignKey("access_classes.id")),
    Index("versions_class", "class_id"),
)

approval_steps = Table(
    "approval_steps",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("document_id", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    # Empty: it came in this state.
    Column("from_state", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    Column("by", String(255), nullable=False),
    # Of whom `by` is a subject; empty where it is the console or the house itself.
    Column("by_tenant", String(128), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("four_eyes", String(16), nullable=False),
    Index("approval_steps_version", "document_id", "version", "id"),
    sqlite_autoincrement=True,
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("document_id", String(40), primary_key=True),
    # Numbers go on after it: what cited a deleted version must not seem to cite another text. It
    # is one more than there was, so that a version that was on its way in is refused.
    Column("last_version", Integer, nullable=False),
    Column("deleted_at", DateTime(timezone=True), nullable=False),
)

blob_removals = Table(
    "blob_removals",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Original files that nothing rests on any more and that are still to be removed."""

texts = Table(
    "texts",
    metadata,
    Column("document_id", String(40), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("elements", LargeBinary, nullable=False),
    Column("terms", LargeBinary, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("document_id", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("header", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("heading_path", JSON, nullable=False),
    Column("page", Integer),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Index("chunks_version", "document_id", "version", "ordinal"),
)

term_frequencies = Table(
    "term_frequencies",
    metadata,
    Column("term", BigInteger, primary_key=True, autoincrement=False),
    Column("class_id", ForeignKey("access_classes.id"), primary_key=True),
    Column("chunks", Integer, nullable=False),
    sqlite_with_rowid=False,
)

supersessions = Table(
    "supersessions",
    metadata,
    Column("superseded_id", String(40), primary_key=True),
    Column("by_id", String(40), primary_key=True),
)

index_changes = Table(
    "index_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("document_id", String(40), nullable=False),
    # None: every version of the document.
    Column("version", Integer),
    Column("action", String(16), nullable=False),
    sqlite_autoincrement=True,
)
