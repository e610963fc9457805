from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from governance.document import ApprovalState, document_id
from governance.principal import Principal, Role
from governance.visibility import Filters
from ingest.pipeline import Prune, PruneRefusedError
from tests.ingest.ingesting import House, house


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "sla.md").write_text("# Support\n\nA critical ticket is answered in four hours.\n")
    (folder / "refunds.md").write_text("# Refunds\n\nA refund is booked in the ledger.\n")
    (folder / "tax.md").write_text("# Tax\n\nThe tax engine rounds by line.\n")
    (folder / "stock.txt").write_text("Stock is synchronised every five minutes.\n")
    return folder


@pytest.fixture
def opened(tmp_path: Path):
    with house(tmp_path / "data") as one:
        yield one


def uris(passages) -> set[str]:
    return {passage.uri for passage in passages}


def test_what_was_ingested_is_found_with_its_exact_place(opened: House, corpus: Path):
    report = opened.ingest(corpus)
    assert (report.added, report.failed) == (4, [])
    first = opened.search("how fast is a critical ticket answered")[0]
    text = opened.catalog.text(first.chunk.document_id, first.chunk.version)
    place = first.chunk.locator
    assert first.uri == "sla.md"
    assert text[place.start : place.end] == first.chunk.text


def test_ingesting_twice_equals_once(opened: House, corpus: Path):
    opened.ingest(corpus)
    before = (opened.index.count(), opened.catalog.generation())
    again = opened.ingest(corpus)
    assert (again.added, again.updated, again.unchanged, again.chunks) == (0, 0, 4, 0)
    assert (opened.index.count(), opened.catalog.generation()) == before


def test_a_changed_file_is_a_new_version_and_the_old_text_is_gone(opened: House, corpus: Path):
    opened.ingest(corpus)
    (corpus / "sla.md").write_text("# Support\n\nA critical ticket is answered in two hours.\n")
    report = opened.ingest(corpus)
    assert (report.updated, report.unchanged) == (1, 3)
    found = [p for p in opened.search("critical ticket answered hours") if p.uri == "sla.md"]
    assert [(p.chunk.version, "two hours" in p.chunk.text) for p in found] == [(2, True)]


def test_the_old_version_answers_for_its_own_time(tmp_path: Path, corpus: Path):
    moments = [datetime(2026, 3, 1, tzinfo=UTC)]
    with house(tmp_path / "data", lambda: moments[-1]) as opened:
        opened.ingest(corpus)
        moments.append(moments[-1] + timedelta(days=30))
        (corpus / "sla.md").write_text("# Support\n\nA critical ticket: two hours.\n")
        opened.ingest(corpus)
        then = opened.search("critical ticket", filters=Filters(as_of=date(2026, 3, 15)))
        now = opened.search("critical ticket")
    assert {p.chunk.version for p in then if p.uri == "sla.md"} == {1}
    assert {p.chunk.version for p in now if p.uri == "sla.md"} == {2}


def test_prune_withdraws_what_vanished_and_revives_what_returns(opened: House, corpus: Path):
    opened.ingest(corpus)
    kept = (corpus / "tax.md").read_text()
    (corpus / "tax.md").unlink()
    assert opened.ingest(corpus, prune=Prune.CAREFUL).removed == 1
    assert "tax.md" not in uris(opened.search("tax engine rounds"))
    (corpus / "tax.md").write_text(kept)
    opened.ingest(corpus)
    assert "tax.md" in uris(opened.search("tax engine rounds"))


def test_without_prune_a_vanished_file_stays(opened: House, corpus: Path):
    opened.ingest(corpus)
    (corpus / "tax.md").unlink()
    assert opened.ingest(corpus).removed == 0
    assert "tax.md" in uris(opened.search("tax engine rounds"))


def test_prune_refuses_more_than_a_third_and_changes_nothing(opened: House, corpus: Path):
    opened.ingest(corpus)
    (corpus / "tax.md").unlink()
    (corpus / "refunds.md").unlink()
    (corpus / "new.md").write_text("# New\n\nNot to be seen before the refusal.\n")
    generation = opened.catalog.generation()
    with pytest.raises(PruneRefusedError, match="2 of 4 documents of northstar have vanished"):
        opened.ingest(corpus, prune=Prune.CAREFUL)
    assert opened.catalog.generation() == generation
    assert opened.ingest(corpus, prune=Prune.ALL).removed == 2


def test_a_file_that_cannot_be_read_any_more_has_not_vanished(opened: House, corpus: Path):
    opened.ingest(corpus)
    (corpus / "tax.md").write_bytes(b"\0" * 4000)
    report = opened.ingest(corpus, prune=Prune.ALL)
    assert report.removed == 0
    assert [one.path for one in report.failed] == ["tax.md"]
    assert "tax.md" in uris(opened.search("tax engine rounds"))


def test_a_file_that_fails_is_named_and_the_rest_goes_on(opened: House, corpus: Path):
    (corpus / "empty.md").write_text("")
    (corpus / "broken.docx").write_bytes(b"PK\x03\x04 and nothing more")
    report = opened.ingest(corpus)
    assert report.added == 4
    assert sorted(one.path for one in report.failed) == ["broken.docx", "empty.md"]
    assert all("\n" not in one.error and one.error for one in report.failed)


def test_a_dry_run_says_what_would_change_and_changes_nothing(opened: House, corpus: Path):
    opened.ingest(corpus)
    (corpus / "tax.md").unlink()
    (corpus / "sla.md").write_text("# Support\n\nDifferent.\n")
    (corpus / "new.md").write_text("# New\n\nText.\n")
    generation = opened.catalog.generation()
    report = opened.ingest(corpus, prune=Prune.CAREFUL, dry_run=True)
    assert (report.added, report.updated, report.unchanged, report.removed) == (1, 1, 2, 1)
    assert opened.catalog.generation() == generation


def test_a_draft_is_found_by_nobody_until_it_is_approved(opened: House, corpus: Path):
    report = opened.ingest(corpus, approval="draft")
    assert report.drafts == 4
    assert opened.search("tax engine rounds") == ()
    opened.catalog.set_approval(
        document_id("northstar", "tax.md"), 1, state=ApprovalState.APPROVED, by="owner"
    )
    assert uris(opened.search("tax engine rounds")) == {"tax.md"}


def test_what_a_person_withdrew_does_not_come_back_with_the_next_crawl(opened: House, corpus: Path):
    opened.ingest(corpus)
    opened.catalog.set_approval(
        document_id("northstar", "tax.md"), 1, state=ApprovalState.WITHDRAWN, by="owner"
    )
    assert "tax.md" not in uris(opened.search("tax engine rounds"))
    (corpus / "tax.md").write_text("# Tax\n\nThe tax engine rounds by document now.\n")
    report = opened.ingest(corpus)
    assert (report.updated, report.drafts) == (1, 1)
    assert "tax.md" not in uris(opened.search("tax engine rounds"))


def test_what_one_tenant_adds_moves_nothing_for_another(opened: House, corpus: Path):
    opened.ingest(corpus)
    question = "how is the tax of a refund rounded in the ledger"
    before = opened.search(question)
    private = corpus.parent / "private"
    private.mkdir()
    for number in range(40):
        (private / f"note-{number}.md").write_text(f"# Tax refund {number}\n\nRefund tax ledger.\n")
    (private / "corpus.yaml").write_text("owner: birchwood\ndefaults: {approval: approved}\n")
    from ingest.manifest import IngestOptions
    from ingest.pipeline import IngestRun
    from ingest.source import discover

    opened.pipeline.run(discover([private], IngestOptions()), IngestRun(workers=1))
    assert opened.search(question) == before
    birch = Principal(subject="b", tenant="birchwood", roles=frozenset({Role.CONTENT_OWNER}))
    assert any(p.uri.startswith("note-") for p in opened.search(question, birch))


def test_a_superseded_document_steps_back_for_those_who_can_read_its_successor(
    opened: House, corpus: Path
):
    (corpus / "corpus.yaml").write_text(
        "owner: northstar\n"
        "defaults: {audience: [partners], approval: approved}\n"
        "documents:\n"
        '  - {match: "sla-gold.md", audience: ["tier:gold"], supersedes: ["sla.md"]}\n'
    )
    (corpus / "sla-gold.md").write_text("# Support\n\nA critical ticket: one hour for gold.\n")
    from ingest.manifest import IngestOptions
    from ingest.pipeline import IngestRun
    from ingest.source import discover

    opened.pipeline.run(discover([corpus], IngestOptions()), IngestRun(workers=1))
    gold = Principal(
        subject="g",
        tenant="acme",
        roles=frozenset({Role.PARTNER_CONSULTANT}),
        attributes={"tier": "gold"},
    )
    assert "sla.md" in uris(opened.search("critical ticket"))
    assert "sla-gold.md" not in uris(opened.search("critical ticket"))
    assert "sla.md" not in uris(opened.search("critical ticket", gold))
    assert "sla-gold.md" in uris(opened.search("critical ticket", gold))


MANAGED = "owner: northstar\ndefaults: {audience: [partners], approval: %s}\n"


def ingest_managed(opened: House, corpus: Path, approval: str = "approved", rules: str = ""):
    from ingest.manifest import IngestOptions
    from ingest.pipeline import IngestRun
    from ingest.source import discover

    (corpus / "corpus.yaml").write_text(MANAGED % approval + rules)
    return opened.pipeline.run(discover([corpus], IngestOptions()), IngestRun(workers=1))


@pytest.mark.parametrize("state", ["withdrawn", "expired"])
def test_a_manifest_that_withdraws_takes_the_older_text_along(
    opened: House, corpus: Path, state: str
):
    ingest_managed(opened, corpus)
    assert "tax.md" in uris(opened.search("tax engine rounds"))
    ingest_managed(opened, corpus, state)
    assert opened.search("tax engine rounds") == ()
    again = ingest_managed(opened, corpus, state)
    assert (again.updated, again.unchanged) == (0, 4)


def test_a_withdrawal_in_the_middle_of_an_ingest_is_not_undone(opened: House, corpus: Path):
    opened.ingest(corpus)
    (corpus / "tax.md").write_text("# Tax\n\nThe tax engine rounds by document now.\n")
    identity = document_id("northstar", "tax.md")
    planned = opened.catalog.planned

    def withdraw_then_plan(*arguments):
        if opened.catalog.history(identity)[-1].access.approved:
            opened.catalog.set_approval(identity, 1, state=ApprovalState.WITHDRAWN, by="owner")
        return planned(*arguments)

    opened.catalog.planned = withdraw_then_plan  # type: ignore[method-assign]
    opened.ingest(corpus)
    assert "tax.md" not in uris(opened.search("tax engine rounds"))


def test_pruning_does_not_forget_that_a_person_withdrew(opened: House, corpus: Path):
    opened.ingest(corpus)
    identity = document_id("northstar", "tax.md")
    opened.catalog.set_approval(identity, 1, state=ApprovalState.WITHDRAWN, by="owner")
    text = "# Tax\n\nThe tax engine rounds by document now.\n"
    (corpus / "tax.md").write_text(text)
    opened.ingest(corpus)
    (corpus / "tax.md").unlink()
    opened.ingest(corpus, prune=Prune.CAREFUL)
    (corpus / "tax.md").write_text(text)
    opened.ingest(corpus)
    assert "tax.md" not in uris(opened.search("tax engine rounds"))


def test_what_a_person_approves_again_is_updated_by_later_ingests(opened: House, corpus: Path):
    opened.ingest(corpus)
    identity = document_id("northstar", "tax.md")
    opened.catalog.set_approval(identity, 1, state=ApprovalState.WITHDRAWN, by="owner")
    (corpus / "tax.md").write_text("# Tax\n\nThe tax engine rounds by page.\n")
    opened.ingest(corpus)
    opened.catalog.set_approval(identity, 2, state=ApprovalState.APPROVED, by="owner")
    (corpus / "tax.md").write_text("# Tax\n\nThe tax engine rounds by document.\n")
    opened.ingest(corpus)
    found = [p.chunk.text for p in opened.search("tax engine rounds") if p.uri == "tax.md"]
    assert any("by document" in text for text in found)


SUPERSEDES = "documents:\n  - {match: new.md, supersedes: [sla.md]%s}\n"


def test_the_end_of_a_successor_does_not_bring_the_old_text_back(tmp_path: Path, corpus: Path):
    moments = [datetime(2026, 3, 1, tzinfo=UTC)]
    (corpus / "new.md").write_text("# Support\n\nA critical ticket: one hour.\n")
    with house(tmp_path / "data", lambda: moments[-1]) as opened:
        ingest_managed(opened, corpus, rules=SUPERSEDES % ", effective_to: 2026-03-10")
        assert uris(opened.search("critical ticket")) >= {"new.md"}
        moments.append(datetime(2026, 4, 1, tzinfo=UTC))
        assert not uris(opened.search("critical ticket")) & {"new.md", "sla.md"}


def test_before_a_successor_only_the_old_text_counts(tmp_path: Path, corpus: Path):
    moments = [datetime(2026, 3, 1, tzinfo=UTC)]
    with house(tmp_path / "data", lambda: moments[-1]) as opened:
        ingest_managed(opened, corpus)
        moments.append(datetime(2026, 4, 1, tzinfo=UTC))
        (corpus / "new.md").write_text("# Support\n\nA critical ticket: one hour.\n")
        ingest_managed(opened, corpus, rules=SUPERSEDES % "")
        then = uris(opened.search("critical ticket", filters=Filters(as_of=date(2026, 3, 15))))
        now = uris(opened.search("critical ticket"))
    assert "sla.md" in then
    assert "new.md" not in then
    assert "new.md" in now
    assert "sla.md" not in now


def test_documents_that_supersede_each_other_do_not_both_vanish(opened: House, corpus: Path):
    rules = (
        "documents:\n  - {match: sla.md, supersedes: [tax.md]}\n"
        "  - {match: tax.md, supersedes: [sla.md]}\n"
        "  - {match: refunds.md, supersedes: [refunds.md]}\n"
    )
    ingest_managed(opened, corpus, rules=rules)
    found = uris(opened.search("critical ticket tax engine refund", limit=20))
    assert len(found & {"sla.md", "tax.md"}) == 1
    assert "refunds.md" in found
