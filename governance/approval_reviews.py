"""What time does to approvals: they are looked at again, reminded of, and end."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select, update

from foundation.database import Database
from foundation.errors import ConflictError
from governance import notices
from governance.approval_policy import ApprovalPolicy
from governance.approval_writing import ApprovalChange, change_approval
from governance.audit import Action, record
from governance.author import house
from governance.document import ApprovalState, DocumentVersion
from governance.notices import Notice, NoticeKind
from governance.policy import Policy
from governance.review_dates import review_date
from governance.rows import version_of
from governance.tables import documents, versions

_STEP = 50
"""So many versions are seen to in one transaction; who asks meanwhile waits for one at most."""

_looked_at = func.coalesce(versions.c.verified_at, versions.c.approved_at)
_APPROVED = versions.c.approval == ApprovalState.APPROVED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRun:
    """What one look at all approvals has done, in versions."""

    reminded: int = 0
    overdue: int = 0
    ended: int = 0


class Reviews:
    """Finds versions that somebody has to look at again, and those whose time is over.

    Nothing that readers see depends on when it runs: what has ended by its own words is not shown
    any more whether or not this has written it down.
    """

    def __init__(
        self,
        *,
        database: Database,
        policy: Callable[[], Policy],
        tell: Callable[[Connection, Notice], object] = notices.put,
    ) -> None:
        self._database = database
        self._policy = policy
        self._tell = tell

    @property
    def policy(self) -> ApprovalPolicy:
        """What policy says of approvals at the moment."""
        return self._policy().approvals

    def due(self, today: date, tenant: str | None = None) -> tuple[DocumentVersion, ...]:
        """Approved versions that somebody has to look at by now (of one tenant), by URI."""
        wanted = [_due_by(self.policy, today), _still_counts(today)]
        if tenant is not None:
            wanted.append(documents.c.tenant == tenant)
        with self._database.read() as connection:
            return _found(connection, and_(*wanted))

    def run(self, now: datetime) -> ReviewRun:
        """Remind of what is due, once each time; let expire what is over by policy or its words."""
        today = now.date()
        return ReviewRun(
            reminded=self._in_steps(lambda connection: self._remind(connection, now)),
            overdue=self._in_steps(lambda connection: self._expire_overdue(connection, now)),
            ended=self._in_steps(lambda connection: _expire_ended(connection, today, now)),
        )

    def _in_steps(self, step: Callable[[Connection], int]) -> int:
        total = 0
        while True:
            with self._database.write() as connection:
                done = step(connection)
            total += done
            if done < _STEP:
                return total

    def _remind(self, connection: Connection, now: datetime) -> int:
        policy = self.policy
        not_yet = or_(versions.c.reminded_at.is_(None), versions.c.reminded_at < _looked_at)
        due = and_(_due_by(policy, now.date()), _still_counts(now.date()), not_yet)
        found = _found(connection, due, most=_STEP)
        for version in found:
            connection.execute(update(versions).where(_is(version)).values(reminded_at=now))
            self._say(connection, NoticeKind.REVIEW_DUE, version, policy, now)
            record(
                connection,
                house().event(
                    at=now,
                    action=Action.REVIEW_DUE,
                    tenant=version.tenant,
                    target=version.document_id,
                    details={
                        "version": version.version,
                        "review_by": str(review_date(version, policy)),
                    },
                ),
            )
        return len(found)

    def _expire_overdue(self, connection: Connection, now: datetime) -> int:
        policy = self.policy
        if policy.expire_when_overdue_days is None:
            return 0
        latest = now.date() - timedelta(days=policy.expire_when_overdue_days)
        overdue = and_(_due_by(policy, latest), _still_counts(now.date()))
        found = _found(connection, overdue, most=_STEP)
        for version in found:
            self._say(connection, NoticeKind.DOCUMENT_EXPIRED, version, policy, now)
            note = f"was to be looked at again by {review_date(version, policy)}"
            _expire(connection, version, now, note=note, since=now)
        return len(found)

    def _say(
        self,
        connection: Connection,
        kind: NoticeKind,
        version: DocumentVersion,
        policy: ApprovalPolicy,
        now: datetime,
    ) -> None:
        body = {
            "document_id": version.document_id,
            "version": version.version,
            "uri": version.uri,
            "title": version.metadata.title,
            "doc_type": version.metadata.doc_type.value,
            "approved_by": version.metadata.approved_by,
            "review_by": str(review_date(version, policy)),
        }
        self._tell(connection, Notice(kind=kind, tenant=version.tenant, body=body, at=now))


def _expire_ended(connection: Connection, today: date, now: datetime) -> int:
    """Write down what has ended by its own words."""
    ended = _found(connection, and_(_APPROVED, versions.c.effective_to < today), most=_STEP)
    for version in ended:
        last_day = version.metadata.effective_to or today
        note = f"its last day was {last_day.isoformat()}"
        _expire(connection, version, now, note=note, since=_midnight(last_day + timedelta(days=1)))
    return len(ended)


def _expire(
    connection: Connection, version: DocumentVersion, now: datetime, *, note: str, since: datetime
) -> None:
    change = ApprovalChange(
        document_id=version.document_id,
        version=version.version,
        state=ApprovalState.EXPIRED,
        author=house(),
        note=note,
        coming_from=frozenset({ApprovalState.APPROVED}),
        expired_at=since,
    )
    # Somebody may have withdrawn it since it was found: on PostgreSQL nothing is locked by then.
    with suppress(ConflictError):
        change_approval(connection, change, now)


def _due_by(policy: ApprovalPolicy, day: date) -> ColumnElement[bool]:
    """Approved versions whose review date is this day or earlier."""
    stated = versions.c.review_by.is_not(None) & (versions.c.review_by <= day)
    by_kind: list[ColumnElement[bool]] = [
        (versions.c.doc_type == kind.value)
        & (_looked_at < _midnight(day - timedelta(days=days - 1)))
        for kind, days in policy.review_after_days.items()
    ]
    return and_(
        _APPROVED, or_(stated, and_(versions.c.review_by.is_(None), or_(false(), *by_kind)))
    )


def _still_counts(today: date) -> ColumnElement[bool]:
    # Nobody needs to look at what has ended, or what a newer version has replaced.
    return versions.c.valid_to >= today.toordinal()


def _found(
    connection: Connection, wanted: ColumnElement[bool], most: int | None = None
) -> tuple[DocumentVersion, ...]:
    query = (
        select(versions, documents.c.tenant, documents.c.uri)
        .join(documents, documents.c.id == versions.c.document_id)
        .where(wanted)
        .order_by(documents.c.uri, documents.c.tenant, versions.c.version)
        .limit(most)
    )
    return tuple(version_of(row) for row in connection.execute(query))


def _is(version: DocumentVersion) -> ColumnElement[bool]:
    return and_(
        versions.c.document_id == version.document_id, versions.c.version == version.version
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
