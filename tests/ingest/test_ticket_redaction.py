import csv
from dataclasses import replace
from pathlib import Path

import pytest

from governance.document import document_id
from governance.principal import Principal, Role
from governance.redaction import PersonalData, Redactor
from governance.visibility import Filters
from ingest.manifest import IngestOptions
from ingest.source import SourceItem, SourceKind, discover, read_derived
from ingest.ticket_redaction import TicketRedaction
from tests.fakes.ticket_redaction import KEY, tickets_as_they_are, tickets_without
from tests.ingest.ingesting import house

COLUMNS = ("id", "partner", "product", "release", "opened", "closed", "subject", "description",
           "resolution")  # fmt: skip
ACME = Principal(subject="a", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}))
WORDS = {
    "Priya Menon": PersonalData.PERSON,
    "p.menon@acme.example": PersonalData.EMAIL,
    "hunter2hunter2": PersonalData.SECRET,
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    ticket(folder)
    (folder / "names.md").write_text("# Names\n\nPriya Menon wrote this page herself.\n")
    return folder


def ticket(folder: Path, description: str = "Priya Menon sees ERR-6301 since Monday.") -> None:
    with (folder / "tickets.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerow(
            ("T-1", "acme", "Order Hub", "25.2", "2026-01-05", "2026-01-09",
             "Priya Menon: no orders", description,
             "Told p.menon@acme.example that the password is hunter2hunter2.")
        )  # fmt: skip


def test_what_goes_is_in_no_text_chunk_blob_index_or_file(tmp_path: Path, corpus: Path):
    (corpus / "names.md").unlink()
    with house(tmp_path / "data", tickets=lambda: tickets_without(WORDS)) as opened:
        report = opened.ingest(corpus)
        assert (report.added, report.failed) == (1, [])
        known = document_id("northstar", "tickets.csv#T-1")
        assert opened.catalog.text(known, 1) == (
            "Order Hub, release 25.2. Opened 2026-01-05, closed 2026-01-09.\n\n"
            "Problem\n\n<PERSON> sees ERR-6301 since Monday.\n\n"
            "Resolution\n\nTold <EMAIL> that the password is <SECRET>."
        )
        assert opened.catalog.version(known, 1).metadata.title == "Ticket T-1: <PERSON>: no orders"
        found = opened.search("ERR-6301 orders", ACME, Filters())
        assert [one.chunk.text for one in found if "Menon" in one.chunk.text] == []
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [word for word in WORDS if word.encode() in data], path


def test_a_page_is_left_as_it_is(tmp_path: Path, corpus: Path):
    with house(tmp_path / "data", tickets=lambda: tickets_without(WORDS)) as opened:
        opened.ingest(corpus)
        text = opened.catalog.text(document_id("northstar", "names.md"), 1)
    assert "Priya Menon wrote this page" in text


def test_unchanged_tickets_are_not_read_again(tmp_path: Path, corpus: Path):
    with house(tmp_path / "data", tickets=lambda: tickets_without(WORDS)) as opened:
        opened.ingest(corpus)
        again = opened.ingest(corpus)
    assert (again.unchanged, again.updated) == (2, 0)


def test_a_changed_ticket_is_read_again_though_only_what_is_redacted_changed(
    tmp_path: Path, corpus: Path
):
    with house(tmp_path / "data", tickets=lambda: tickets_without(WORDS)) as opened:
        opened.ingest(corpus)
        ticket(corpus, "Somebody else sees ERR-6301 since Monday.")
        again = opened.ingest(corpus)
    assert (again.unchanged, again.updated, again.warnings) == (1, 1, [])


def test_a_stricter_policy_has_every_ticket_read_again_and_no_page(tmp_path: Path, corpus: Path):
    rules = [tickets_as_they_are(), tickets_without(WORDS)]
    with house(tmp_path / "data", tickets=lambda: rules[0]) as opened:
        opened.ingest(corpus)
        rules.pop(0)
        again = opened.ingest(corpus)
        assert (again.unchanged, again.updated) == (1, 1)
        assert [line[:23] for line in again.warnings] == ["1 tickets are read again"[:23]]
        text = opened.catalog.text(document_id("northstar", "tickets.csv#T-1"), 2)
    assert "Menon" not in text


def item_of(corpus: Path) -> SourceItem:
    found = discover([corpus], IngestOptions(tenant="northstar", audience=("partners",)))
    return next(one for one in found if isinstance(one, SourceItem) and one.kind is SourceKind.ROW)


def test_a_fingerprint_tells_nothing_to_who_guesses_a_name_without_the_key(corpus: Path):
    item = item_of(corpus)
    rules = tickets_without(WORDS)
    other = replace(rules, key=b"another key")
    assert rules.marked(item).fingerprint != other.marked(item).fingerprint
    assert item.fingerprint not in rules.marked(item).fingerprint


def test_columns_that_say_whose_and_what_stay(corpus: Path):
    rules = TicketRedaction(redact=Redactor().redact, kinds=frozenset(PersonalData), key=KEY)
    parsed = read_derived(rules.redacted(item_of(corpus)).read())
    assert parsed is not None
    assert parsed.title.startswith("Ticket T-1: ")
    assert "Order Hub, release 25.2. Opened 2026-01-05" in parsed.text
    assert "ERR-6301 since Monday" in parsed.text
    assert not [word for word in WORDS if word in parsed.text + parsed.title]


def test_a_text_that_holds_the_mark_between_columns_loses_nothing(tmp_path: Path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    ticket(folder, "odd \n\ue000\n text of Priya Menon")
    kept = tickets_without(WORDS).redacted(item_of(folder))
    parsed = read_derived(kept.read())
    assert parsed is not None
    assert "odd" in parsed.text
    assert "text of <PERSON>" in parsed.text
    assert "password is <SECRET>" in parsed.text
