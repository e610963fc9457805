from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from foundation.database import open_database
from foundation.errors import ConflictError, NotFoundError
from governance.approval import move, own_document
from governance.catalog import Catalog, NewVersion
from governance.document import ApprovalState, DocumentMetadata
from governance.identity import ForbiddenError
from governance.principal import Principal, Role
from governance.statistics import TermCounts

OWNER = Principal(subject="olga", tenant="northstar", roles=frozenset({Role.CONTENT_OWNER}))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    database = open_database(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield Catalog(database, lambda: NOW)
    database.close()


def add(catalog: Catalog, state: ApprovalState) -> str:
    metadata = DocumentMetadata(title="SLA", audience=frozenset({"partners"}), approval=state)
    planned = catalog.planned("northstar", "sla.md", metadata)
    new = NewVersion(
        tenant="northstar",
        uri="sla.md",
        fingerprint=f"f{planned.version}",
        blob_key="0" * 64,
        metadata=metadata,
        access=planned.access,
        text="text",
        elements=b"",
        chunks=(),
        terms=TermCounts(chunks=0, chunks_with_term={}),
    )
    [version] = catalog.record([new])
    return version.document_id


def test_a_draft_is_submitted_and_approved_by_somebody_at_some_time(catalog: Catalog) -> None:
    document = add(catalog, ApprovalState.DRAFT)
    submitted = move(catalog, OWNER, document, ApprovalState.IN_REVIEW, "please look")
    assert not submitted.access.approved
    approved = move(catalog, OWNER, document, ApprovalState.APPROVED)
    assert approved.access.approved
    assert approved.metadata.approved_by == "olga"
    assert approved.approved_at is not None
    assert move(catalog, OWNER, document, ApprovalState.WITHDRAWN).access.approved is False


def test_what_is_rejected_is_a_draft_again_with_the_reason(catalog: Catalog) -> None:
    document = add(catalog, ApprovalState.IN_REVIEW)
    rejected = move(catalog, OWNER, document, ApprovalState.DRAFT, "figures are old")
    assert (rejected.metadata.approval, rejected.note) == (ApprovalState.DRAFT, "figures are old")


@pytest.mark.parametrize(
    ("state", "to"),
    [
        (ApprovalState.DRAFT, ApprovalState.DRAFT),
        (ApprovalState.IN_REVIEW, ApprovalState.IN_REVIEW),
        (ApprovalState.APPROVED, ApprovalState.APPROVED),
        (ApprovalState.APPROVED, ApprovalState.IN_REVIEW),
        (ApprovalState.APPROVED, ApprovalState.DRAFT),
        (ApprovalState.WITHDRAWN, ApprovalState.WITHDRAWN),
        (ApprovalState.WITHDRAWN, ApprovalState.APPROVED),
        (ApprovalState.EXPIRED, ApprovalState.APPROVED),
        (ApprovalState.DRAFT, ApprovalState.EXPIRED),
    ],
)
def test_a_move_that_leads_nowhere_is_refused_and_changes_nothing(
    catalog: Catalog, state: ApprovalState, to: ApprovalState
) -> None:
    document = add(catalog, state)
    before = catalog.generation()
    with pytest.raises(ConflictError, match=r"sla\.md is "):
        move(catalog, OWNER, document, to)
    assert catalog.history(document)[-1].metadata.approval is state
    assert catalog.generation() == before


def test_a_foreign_document_looks_as_if_it_did_not_exist(catalog: Catalog) -> None:
    document = add(catalog, ApprovalState.DRAFT)
    stranger = Principal(subject="x", tenant="acme", roles=frozenset({Role.ADMIN}))
    for wanted in (document, "doc_none"):
        with pytest.raises(NotFoundError, match=f"no document {wanted}"):
            move(catalog, stranger, wanted, ApprovalState.APPROVED)
        with pytest.raises(NotFoundError, match=f"no document {wanted}"):
            own_document(catalog, stranger, wanted)
    assert catalog.history(document)[-1].metadata.approval is ApprovalState.DRAFT


@pytest.mark.parametrize("role", [Role.PARTNER_CONSULTANT, Role.CHANNEL_MANAGER, Role.AUDITOR])
def test_only_who_manages_documents_moves_them(catalog: Catalog, role: Role) -> None:
    document = add(catalog, ApprovalState.DRAFT)
    somebody = Principal(subject="x", tenant="northstar", roles=frozenset({role}))
    with pytest.raises(ForbiddenError):
        move(catalog, somebody, document, ApprovalState.APPROVED)
