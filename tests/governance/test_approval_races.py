from datetime import UTC, datetime
from pathlib import Path

import pytest

from foundation.database import open_database
from foundation.errors import ConflictError
from governance.approval import move
from governance.catalog import Catalog
from governance.document import ApprovalState, DocumentMetadata
from governance.principal import Principal, Role
from tests.governance.test_catalog import add

OWNER = Principal(subject="o", tenant="northstar", roles=frozenset({Role.CONTENT_OWNER}))


class InterruptedCatalog(Catalog):
    """Somebody else withdraws the document between the look at its state and the move."""

    interrupted = False

    def set_approval(self, document: str, number: int, **facts):
        if not self.interrupted:
            self.interrupted = True
            super().set_approval(document, number, state=ApprovalState.WITHDRAWN, by="other")
        return super().set_approval(document, number, **facts)


def test_an_approval_does_not_overtake_a_withdrawal(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    catalog = InterruptedCatalog(database, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    version = add(catalog, "sla.md", "four hours", approval=ApprovalState.DRAFT)
    with pytest.raises(ConflictError, match="meanwhile"):
        move(catalog, OWNER, version.document_id, ApprovalState.APPROVED)
    assert catalog.history(version.document_id)[-1].metadata.approval is ApprovalState.WITHDRAWN
    database.close()


def test_what_was_withdrawn_comes_back_through_review(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    catalog = Catalog(database, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    version = add(catalog, "sla.md", "four hours")
    for state in (ApprovalState.WITHDRAWN, ApprovalState.IN_REVIEW, ApprovalState.APPROVED):
        moved = move(catalog, OWNER, version.document_id, state)
        assert moved.metadata.approval is state
    database.close()


def test_a_published_version_can_be_withdrawn_though_the_newest_is_not(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    catalog = Catalog(database, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    add(catalog, "sla.md", "four hours")
    draft = add(catalog, "sla.md", "two hours", approval=ApprovalState.DRAFT)
    move(catalog, OWNER, draft.document_id, ApprovalState.WITHDRAWN)
    assert not any(one.access.approved for one in catalog.history(draft.document_id))
    database.close()


def test_metadata_defaults_are_the_safest():
    assert DocumentMetadata().approval is ApprovalState.DRAFT
    assert DocumentMetadata().audience == {"internal"}
