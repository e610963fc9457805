"""A catalog with a few words in it, a clock to turn, and people who decide."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from foundation.database import Database, open_database
from governance.approval import Approvals
from governance.approval_reviews import Reviews
from governance.author import Author, Hand
from governance.catalog import Catalog, ChunkRow, NewVersion
from governance.document import ApprovalState, DocumentMetadata, DocumentVersion
from governance.notices import Notice
from governance.policy import Policy, load_policy
from governance.principal import Principal, Role
from governance.statistics import TermCounts
from governance.visibility import Filters, visible_to
from governance.visible_catalog import VisibleCatalog

ACME = Principal(subject="a", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
CONSOLE = Author(
    principal=Principal(subject="command line", tenant="", roles=frozenset()), hand=Hand.CONSOLE
)


def person(subject: str, *roles: Role, tenant: str = "northstar") -> Author:
    return Author(
        principal=Principal(
            subject=subject, tenant=tenant, roles=frozenset(roles or {Role.CONTENT_OWNER})
        )
    )


OLGA = person("olga")
PETER = person("peter")


class Archive:
    """Documents of one owner, and everything that is done to them."""

    def __init__(self, place: Path | Database, **approvals: Any) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self.database = (
            open_database(f"sqlite:///{place / 'catalog.db'}") if isinstance(place, Path) else place
        )
        self.catalog = Catalog(self.database, self.clock)
        self.visible = VisibleCatalog(self.catalog, self.clock)
        self.told: list[Notice] = []
        self.policy = self.with_policy(**approvals)
        self.approvals = Approvals(
            database=self.database,
            clock=self.clock,
            policy=lambda: self.policy,
            words=lambda note: note.replace("kim@acme.example", "<EMAIL>"),
        )
        self.reviews = Reviews(
            database=self.database,
            policy=lambda: self.policy,
            tell=lambda _, notice: self.told.append(notice),
        )

    def clock(self) -> datetime:
        return self.now

    @property
    def today(self) -> date:
        return self.now.date()

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)

    def with_policy(self, **approvals: Any) -> Policy:
        shipped = load_policy()
        values = {"review_after_days": {}} | approvals
        section = type(shipped.approvals).model_validate(values)
        return shipped.model_copy(update={"approvals": section})

    def add(
        self, uri: str = "sla.md", text: str = "four hours", author: Author | None = None,
        **changes: object,
    ) -> DocumentVersion:  # fmt: skip
        values: dict[str, object] = {"title": uri, "audience": frozenset({"partners"})}
        metadata = DocumentMetadata(**(values | changes))  # type: ignore[arg-type]
        planned = self.catalog.planned("northstar", uri, metadata)
        row = ChunkRow(
            id=f"{planned.document_id[-20:]}{planned.version:012d}",
            document_id=planned.document_id,
            version=planned.version,
            ordinal=0,
            header=uri,
            text=text,
            heading_path=(),
            page=None,
            start=0,
            end=len(text),
        )
        new = NewVersion(
            tenant="northstar",
            uri=uri,
            fingerprint=f"{text}{planned.version}",
            blob_key=f"{planned.version:064d}",
            metadata=metadata,
            access=planned.access,
            text=text,
            elements=b"",
            chunks=(row,),
            terms=TermCounts(chunks=1, chunks_with_term={7: 1}),
        )
        [version] = self.catalog.record([new], author)
        return version

    def states(self, document: str) -> list[ApprovalState]:
        return [one.metadata.approval for one in self.catalog.history(document)]

    def readable(
        self, document: str, as_of: date | None = None, who: Principal = ACME
    ) -> list[int]:
        rule = visible_to(who, today=self.today, filters=Filters(as_of=as_of))
        return [one.version for one in self.catalog.history(document) if rule.admits(one.access)]

    def lines(self, tenant: str = "northstar") -> list[Mapping[str, Any]]:
        """The record of a tenant: action, actor, target and details of each line."""
        import json

        from sqlalchemy import select

        from governance.audit.chain import audit_lines

        with self.database.read() as connection:
            rows = connection.execute(
                select(audit_lines)
                .where(audit_lines.c.tenant == tenant)
                .order_by(audit_lines.c.number)
            )
            return [{"action": row.action, **json.loads(row.sealed)} for row in rows]
