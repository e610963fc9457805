"""The way of a version to its readers: draft, in review, approved, withdrawn or expired.

    draft ──submit──▶ in_review ──approve──▶ approved ──time, policy──▶ expired
      ▲                  │                      │                         │
      └─────reject───────┘                      └──withdraw──▶ withdrawn  │
                         ▲──────────submit──────────────────────┴─────────┘

Everything is decided inside the transaction that changes it, by what the version is then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from sqlalchemy import Connection

from foundation.clock import Clock
from foundation.database import Database
from foundation.errors import ConflictError, NotFoundError
from governance.api_key import maker_of
from governance.approval_steps import FourEyes, submitter_of
from governance.approval_writing import (
    ApprovalChange,
    change_approval,
    locked_history,
    version_in,
)
from governance.author import Author, Hand
from governance.catalog import Catalog
from governance.document import ApprovalState, DocumentVersion
from governance.identity import ForbiddenError
from governance.policy import Policy
from governance.principal import Permission, Principal
from governance.review_dates import standing_of
from governance.rows import is_of
from governance.validity import approved_now
from governance.visibility import INTERNAL

_SUBMITTED_FROM = frozenset(
    # What was withdrawn or has expired comes back the way a draft does.
    {ApprovalState.DRAFT, ApprovalState.WITHDRAWN, ApprovalState.EXPIRED}
)
_APPROVED_FROM: Mapping[Hand, frozenset[ApprovalState]] = MappingProxyType(
    {
        Hand.PERSON: frozenset({ApprovalState.IN_REVIEW}),
        Hand.CONSOLE: frozenset({ApprovalState.DRAFT, ApprovalState.IN_REVIEW}),
        Hand.HOUSE: frozenset(),
    }
)


class FourEyesError(ForbiddenError):
    """Nobody approves what they submitted, or what a key that they made did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decides about a document.

    Without a `version` it is about the newest one. `review_by` is the day by which what is
    approved has to be looked at again.
    """

    note: str = ""
    version: int | None = None
    review_by: date | None = None


class Approvals:
    """Moves versions between their states, as far as who moves them may.

    A document of another tenant does not exist for anybody: `NotFoundError`. `ForbiddenError`
    where no role allows it, `ConflictError` where the version's state does not lead there.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        policy: Callable[[], Policy],
        words: Callable[[str], str],
    ) -> None:
        """`words` gives what of a note may be kept."""
        self._database = database
        self._clock = clock
        self._policy = policy
        self._words = words

    def submit(self, author: Author, document: str, decision: Decision) -> DocumentVersion:
        """Put a version up for review."""
        _allow(author, Permission.MANAGE_DOCUMENTS)
        decision = self._kept(decision)
        with self._database.write() as connection:
            version = _own(connection, author, document, decision)
            today = self._clock().date()
            standing = standing_of(version, self._policy().approvals, today)
            ended = version.metadata.effective_to
            if standing.state is ApprovalState.EXPIRED and ended is not None and ended < today:
                raise ConflictError(
                    f"version {version.version} of {version.uri} ended on {ended.isoformat()} by "
                    "its own words; bring a version that says otherwise"
                )
            _require(version, _SUBMITTED_FROM, ApprovalState.IN_REVIEW)
            _within_reach(author, version)
            change = _change(author, version, ApprovalState.IN_REVIEW, decision)
            return change_approval(connection, change, self._clock())

    def approve(self, author: Author, document: str, decision: Decision) -> DocumentVersion:
        """Let readers see a version, from its first day on; or confirm that they still may.

        Who approves what is approved already, and due to be looked at, confirms it. Raises
        `FourEyesError` where the same person submitted it, unless policy has relaxed that.
        """
        _allow(author, Permission.APPROVE_DOCUMENTS)
        decision = self._kept(decision)
        with self._database.write() as connection:
            version = _own(connection, author, document, decision)
            policy = self._policy().approvals
            today = self._clock().date()
            if not standing_of(version, policy, today).review_due:
                _require(version, _APPROVED_FROM[author.hand], ApprovalState.APPROVED)
                self._require_readers(connection, version)
            _within_reach(author, version)
            relaxed = version.metadata.doc_type in policy.four_eyes_relaxed
            four_eyes = _four_eyes(connection, author, version, relaxed=relaxed)
            change = replace(
                _change(author, version, ApprovalState.APPROVED, decision),
                four_eyes=four_eyes,
                review_by=decision.review_by,
            )
            return change_approval(connection, change, self._clock())

    def reject(self, author: Author, document: str, decision: Decision) -> DocumentVersion:
        """Send a version that is in review back to who wrote it, as a draft."""
        _allow(author, Permission.APPROVE_DOCUMENTS)
        decision = self._kept(decision)
        with self._database.write() as connection:
            version = _own(connection, author, document, decision)
            _require(version, frozenset({ApprovalState.IN_REVIEW}), ApprovalState.DRAFT)
            change = _change(author, version, ApprovalState.DRAFT, decision)
            return change_approval(connection, change, self._clock())

    def withdraw(self, author: Author, document: str, decision: Decision) -> DocumentVersion:
        """Take a document from its readers with all its versions, at once."""
        _allow(author, Permission.MANAGE_DOCUMENTS, Permission.APPROVE_DOCUMENTS)
        decision = self._kept(decision)
        with self._database.write() as connection:
            version = _own(connection, author, document, decision)
            history = locked_history(connection, document)
            if all(one.metadata.approval is ApprovalState.WITHDRAWN for one in history):
                raise ConflictError(f"{version.uri} is withdrawn already")
            change = _change(author, version, ApprovalState.WITHDRAWN, decision)
            return change_approval(connection, change, self._clock())

    def _kept(self, decision: Decision) -> Decision:
        # Before the transaction: nobody may wait for a language model.
        return replace(decision, note=self._words(decision.note)) if decision.note else decision

    def _require_readers(self, connection: Connection, version: DocumentVersion) -> None:
        """Refuse an approval that would only change what is said of the past."""
        now = self._clock()
        access = approved_now(locked_history(connection, version.document_id), version, now)
        first = max(access.valid_from, now.date().toordinal())
        stated = version.metadata.effective_to
        if first > access.valid_to and (stated is None or first <= stated.toordinal()):
            raise ConflictError(
                f"a newer version of {version.uri} has taken the place of version "
                f"{version.version}; withdraw the document first, or bring the older text again"
            )


def require_own(
    connection: Connection, author: Author, document: str, *permissions: Permission
) -> DocumentVersion:
    """The newest version of a document that this author may do something to; nobody else may now.

    Raises `ForbiddenError` without any of the permissions, `NotFoundError` where it is another's.
    """
    _allow(author, *permissions)
    return _own(connection, author, document, Decision())


def own_document(catalog: Catalog, principal: Principal, document: str) -> DocumentVersion:
    """The newest version of a document that the principal's own tenant owns."""
    history = catalog.history(document)
    if not history or history[-1].tenant != principal.tenant:
        raise _no_document(document)
    return history[-1]


def _change(
    author: Author, version: DocumentVersion, state: ApprovalState, decision: Decision
) -> ApprovalChange:
    return ApprovalChange(
        document_id=version.document_id,
        version=version.version,
        state=state,
        author=author,
        note=decision.note,
    )


def _own(
    connection: Connection, author: Author, document: str, decision: Decision
) -> DocumentVersion:
    if author.hand is Hand.PERSON and not is_of(connection, author.tenant, document):
        # Told before anything is read: another's takes no longer than none at all.
        raise _no_document(document)
    history = locked_history(connection, document)
    if not history or author.principal.tenant not in _owners_for(author, history[-1]):
        raise _no_document(document)
    return history[-1] if decision.version is None else version_in(history, decision.version)


def _owners_for(author: Author, version: DocumentVersion) -> frozenset[str]:
    # At the console nobody in particular acts for any owner.
    return frozenset({version.tenant} | ({""} if author.hand is Hand.CONSOLE else set()))


def _no_document(document: str) -> NotFoundError:
    return NotFoundError(f"no document {document}; `partner-copilot documents list` shows yours")


def _allow(author: Author, *permissions: Permission) -> None:
    if author.hand is Hand.CONSOLE:
        return
    if not any(author.principal.may(one) for one in permissions):
        names = " or ".join(one.value for one in permissions)
        message = f"none of your roles allows this ({names})"
        raise ForbiddenError(message, permission=permissions[0])


def _require(version: DocumentVersion, states: frozenset[ApprovalState], to: ApprovalState) -> None:
    state = version.metadata.approval
    if state in states:
        return
    hint = ""
    if to is ApprovalState.APPROVED and state is ApprovalState.DRAFT:
        hint = "; submit it for review first"
    raise ConflictError(
        f"version {version.version} of {version.uri} is {state.value} and cannot become "
        f"{to.value} from there{hint}"
    )


def _within_reach(author: Author, version: DocumentVersion) -> None:
    """Raise where somebody who may only speak to their own people would speak to others."""
    if author.hand is not Hand.PERSON or author.principal.may(Permission.PUBLISH_TO_OTHERS):
        return
    others = version.metadata.audience - {INTERNAL, f"tenant:{version.tenant}"}
    if others:
        raise ForbiddenError(
            f"version {version.version} is for {', '.join(sorted(others))}, and none of your roles "
            f"allows to publish beyond your own people; narrow its audience to {INTERNAL}"
        )


def _four_eyes(
    connection: Connection, author: Author, version: DocumentVersion, *, relaxed: bool
) -> FourEyes:
    if author.hand is not Hand.PERSON:
        return FourEyes.CONSOLE
    tenant, submitter = submitter_of(connection, version.document_id, version.version) or ("", "")
    # Who made a key is who it submits for; neither of the two is another pair of eyes.
    submitters = {submitter, maker_of(connection, tenant, submitter)} - {""}
    if tenant != author.tenant or not submitters & {author.subject, author.principal.accountable}:
        return FourEyes.HELD
    if relaxed:
        return FourEyes.RELAXED
    raise FourEyesError(
        f"you submitted version {version.version} of this document, yourself or with a key; "
        "somebody else has to approve it"
    )
