"""What was said once is not said again from what its asker may no longer read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from copilot.schemas import CitationJson, EscalationJson, OutcomeJson
from copilot.withdrawn import WITHDRAWN, as_readable
from foundation.database import open_database
from governance.catalog import Catalog, NewVersion
from governance.document import ApprovalState, DocumentMetadata
from governance.principal import Principal, Role
from governance.statistics import TermCounts
from governance.visible_catalog import VisibleCatalog

ACME = Principal(subject="a", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


class House:
    def __init__(self, folder: Path) -> None:
        self.now = TODAY
        self.database = open_database(f"sqlite:///{folder / 'catalog.db'}")
        self.catalog = Catalog(self.database, lambda: self.now)
        self.visible = VisibleCatalog(self.catalog, lambda: self.now)

    def write(self, uri: str, audience: str = "partners") -> str:
        metadata = DocumentMetadata(
            title=uri, audience=frozenset({audience}), approval=ApprovalState.APPROVED
        )
        planned = self.catalog.planned("northstar", uri, metadata)
        new = NewVersion(
            tenant="northstar",
            uri=uri,
            fingerprint=f"{uri}{planned.version}",
            blob_key="0" * 64,
            metadata=metadata,
            access=planned.access,
            text=uri,
            elements=b"",
            chunks=(),
            terms=TermCounts(chunks=0, chunks_with_term={}),
        )
        [version] = self.catalog.record([new])
        return version.document_id

    def withdraw(self, document: str) -> None:
        self.catalog.set_approval(document, 1, state=ApprovalState.WITHDRAWN, by="owner")

    def shown(self, outcome: OutcomeJson) -> OutcomeJson:
        return as_readable(outcome, ACME, self.visible)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.database.close()


def outcome(*documents: str, escalated: bool = False) -> OutcomeJson:
    return OutcomeJson(
        id="out_1",
        kind="escalation" if escalated else "answer",
        question="q",
        standalone_question="q",
        text="the secret [1]",
        confidence=0.9,
        band="high",
        review_required=False,
        citations=[
            CitationJson(
                key=key,
                passage_id="p",
                document_id=document,
                uri="secret.md",
                title="Secret",
                doc_type="policy",
                version=1,
                approved_by="ben",
                approved_at=TODAY,
                heading_path=["Secret"],
                page=3,
                start=4,
                end=10,
                quote="secret",
            )
            for key, document in enumerate(documents, start=1)
        ],
        escalation=EscalationJson(
            id="esc_1", reason="no_evidence", missing="nothing about the secret", queue="q",
            priority="p", due_at=TODAY,
        )
        if escalated
        else None,
        options=[],
        writer="extractive",
        conversation_id="cnv_1",
        elapsed_ms=1,
    )  # fmt: skip


def test_what_may_be_read_is_shown_as_it_was(house: House) -> None:
    told = outcome(house.write("a.md"), house.write("b.md"))
    assert house.shown(told) == told
    assert house.shown(outcome()) == outcome()


def test_what_was_withdrawn_takes_the_text_with_it(house: House) -> None:
    first, second = house.write("a.md"), house.write("b.md")
    house.withdraw(first)
    shown = house.shown(outcome(first, second))
    assert shown.text == WITHDRAWN
    assert (shown.id, shown.confidence) == ("out_1", 0.9)
    gone, kept = shown.citations
    assert (gone.quote, gone.title, gone.uri, gone.heading_path) == ("", "", "", [])
    assert (gone.key, gone.document_id, gone.version) == (1, first, 1)
    assert (gone.approved_by, gone.approved_at) == ("", None)
    assert (kept.quote, kept.approved_by) == ("secret", "ben")


def test_an_escalation_keeps_its_ticket_and_no_word_of_the_document(house: House) -> None:
    document = house.write("a.md")
    told = outcome(document, escalated=True)
    house.withdraw(document)
    shown = house.shown(told)
    assert shown.escalation is not None
    assert shown.escalation.id == "esc_1"
    assert "secret" not in shown.model_dump_json().casefold()


def test_a_narrower_audience_shuts_the_old_version_too(house: House) -> None:
    document = house.write("a.md")
    house.now += timedelta(days=2)
    house.write("a.md", "tenant:bolt")
    assert house.shown(outcome(document)).text == WITHDRAWN


def test_a_newer_version_takes_nothing_back(house: House) -> None:
    document = house.write("a.md")
    house.now += timedelta(days=2)
    house.write("a.md")
    told = outcome(document)
    assert house.shown(told) == told


def test_what_was_deleted_is_gone(house: House) -> None:
    document = house.write("a.md")
    house.catalog.erase(document)
    assert house.shown(outcome(document)).text == WITHDRAWN
