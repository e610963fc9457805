"""Cases from what people asked and from documents, each of which a person approves."""

import json

import pytest
from sqlalchemy import select, update

import cli
from copilot.ask import Asked
from copilot.escalate import PersonRequest
from copilot.record import Feedback
from copilot.record_tables import outcomes
from copilot.withdrawn import without_words_of
from eval.dataset import DatasetError, read_dataset
from eval.decider import decider
from eval.harvest import harvest
from eval.proposals import State, adopt, decided, merged, read_proposals, write_proposals
from eval.propose import Section, headed, propose
from foundation.errors import ConfigurationError, NotFoundError
from governance.principal import Principal, Role
from tests.fakes.small_house import PARTNER
from tests.fakes.working_house import WorkingHouse, write

CONSULTANT = Principal(
    subject="kim", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT, Role.PARTNER_ADMIN})
)
PRICE = "How is the price of amber agreed?"
PARROTS = "Which parrots may be kept in a bathtub?"


@pytest.fixture
def house(tmp_path):
    made = WorkingHouse(tmp_path)
    write(tmp_path / "corpus", "amber")
    made.ingest(tmp_path / "corpus")
    yield made
    made.close()


def ask(house, text, asker=CONSULTANT, conversation=""):
    return house.copilot.ask(Asked(text=text, principal=asker, conversation_id=conversation)).body


def rate(house, outcome, rating, asker=CONSULTANT, **said):
    values = {"reason": "", "comment": ""} | said
    house.records.rate(
        asker, Feedback(outcome_id=outcome.id, rating=rating, created_at=house.clock(), **values)
    )


class TestHarvest:
    def test_an_answer_that_helped_becomes_a_case_with_its_quotes_as_gold(self, house):
        outcome = ask(house, PRICE)
        assert outcome.kind == "answer"
        rate(house, outcome, "up")
        [proposal] = harvest(house.database)
        assert proposal.state is State.PROPOSED
        case = proposal.case
        assert case.question == PRICE
        assert case.expected == "answer"
        assert [one.uri for one in case.gold] == [one.uri for one in outcome.citations]
        assert "[1]" not in case.reference
        assert case.principal.tenant == "acme"
        assert case.principal.roles == ["partner_admin", "partner_consultant"]

    def test_what_did_not_help_waits_for_a_person_to_say_what_is_right(self, house):
        rate(house, ask(house, PRICE), "down", reason="outdated", comment="It is monthly now.")
        [proposal] = harvest(house.database)
        assert proposal.case.expected == "escalation"
        assert proposal.candidates
        assert "outdated; It is monthly now." in proposal.why

    def test_what_was_handed_over_is_a_case_for_silence(self, house):
        assert ask(house, PARROTS).kind == "escalation"
        [proposal] = harvest(house.database)
        assert proposal.case.expected == "escalation"
        assert proposal.case.category == "from_escalations"

    def test_an_answer_after_which_a_person_was_wanted_is_one_too(self, house):
        outcome = ask(house, PRICE)
        desk = PersonRequest(records=house.records, policy=house.policy.current, clock=house.clock)
        desk.hand_over(CONSULTANT, outcome.id, "It does not say when.")
        [proposal] = harvest(house.database)
        assert "It does not say when." in proposal.why
        assert proposal.candidates

    def test_what_nobody_said_anything_about_is_left_alone(self, house):
        ask(house, PRICE)
        ask(house, "Hello!")
        ask(house, "I want to talk to a person")
        assert harvest(house.database) == ()

    def test_the_same_question_by_the_same_kind_of_asker_is_one_case(self, house):
        for asker in (CONSULTANT, CONSULTANT, PARTNER):
            rate(house, ask(house, PRICE, asker), "up", asker)
        assert len(harvest(house.database)) == 2

    def test_earlier_questions_of_the_same_person_come_along_and_no_others(self, house):
        conversation = ask(house, PRICE).conversation_id
        ask(house, "What does birch cost?", PARTNER, conversation)
        follow_up = ask(house, "And who agrees the price of amber?", conversation=conversation)
        rate(house, follow_up, "down")
        [proposal] = [one for one in harvest(house.database) if one.case.history]
        assert proposal.case.history == [PRICE]

    def test_what_was_deleted_since_is_no_gold_and_no_candidate(self, house):
        helped, did_not = ask(house, PRICE), ask(house, PRICE, PARTNER)
        rate(house, helped, "up")
        rate(house, did_not, "down", PARTNER)
        with house.database.write() as connection:
            for row in connection.execute(select(outcomes)).all():
                gone = {one["document_id"] for one in row.body["citations"]}
                connection.execute(
                    update(outcomes)
                    .where(outcomes.c.id == row.id)
                    .values(body=without_words_of(row.body, gone))
                )
        [proposal] = harvest(house.database)
        assert proposal.case.principal.roles == sorted(PARTNER.roles)
        assert proposal.candidates == []

    @pytest.mark.parametrize("question", ["<PERSON>", "<EMAIL>, <PHONE>?"])
    def test_words_that_were_all_taken_out_ask_nothing(self, house, question):
        outcome = ask(house, PRICE)
        rate(house, outcome, "up")
        with house.database.write() as connection:
            connection.execute(update(outcomes).values(question=question))
        assert harvest(house.database) == ()

    def test_no_subject_and_no_name_of_an_asker_is_in_it(self, house):
        rate(house, ask(house, PRICE), "up")
        [proposal] = harvest(house.database)
        assert "kim" not in proposal.model_dump_json()


class TestPropose:
    sections = (
        Section(uri="a.md", heading="How long are copies kept?", quote="Copies are kept a year."),
        Section(uri="a.md", heading="Who may delete copies", quote="Only the owner may do that."),
        Section(uri="b.md", heading="Rate limits per tenant", quote="There are sixty a minute."),
        Section(uri="b.md", heading="Shared heading words", quote="One says this about it."),
        Section(uri="c.md", heading="Shared heading words", quote="Another says that about it."),
    )

    def test_each_heading_is_asked_with_its_section_and_with_its_document_held_out(self):
        answered, held_out = propose(self.sections, CONSULTANT, 1)
        assert answered.case.gold[0].quote == "Copies are kept a year."
        assert held_out.case.question == answered.case.question
        assert held_out.case.expected == "escalation"
        assert held_out.case.held_out == ["a.md"]

    def test_documents_take_turns_and_a_shared_heading_asks_for_neither(self):
        made = propose(self.sections, CONSULTANT, 10)
        asked = [one.case.question for one in made[::2]]
        assert asked == [
            "How long are copies kept?", "Rate limits per tenant", "Who may delete copies",
        ]  # fmt: skip

    def test_a_section_is_quoted_word_for_word_below_its_own_heading(self):
        text = (
            "Guide for partners\n\n2 Deleting the copies\n\n"
            "Only the owner may do that. Ask twice.\n\n"
            "May I keep some copies? No, all of them have to go within a week.\n\n"
            "Table of the copies\n\n| a | b |\n| - | - |\n| 1 | 2 |\n"
        )
        found = dict(headed(text, ("Guide for partners", "2 Deleting the copies")))
        assert found["Deleting the copies"] == "Only the owner may do that. Ask twice."
        assert found["May I keep some copies?"].endswith("all of them have to go within a week.")
        assert all(quote in text for quote in found.values())
        assert "Table of the copies" not in found

    def test_the_same_documents_give_the_same_cases(self):
        assert propose(self.sections, CONSULTANT, 9) == propose(self.sections, CONSULTANT, 9)


class TestReview:
    def made(self):
        return propose(TestPropose.sections, CONSULTANT, 2)

    def test_only_what_a_person_approved_becomes_a_case_and_only_once(self, tmp_path):
        dataset = tmp_path / "cases.jsonl"
        proposals = decided(self.made(), {self.made()[0].case.id}, State.APPROVED, "ana")
        assert adopt(proposals, dataset) == 1
        assert adopt(proposals, dataset) == 0
        [case] = read_dataset(dataset)
        assert case.gold_uris == {"a.md"}

    def test_cases_that_are_there_stay_as_they_are(self, tmp_path):
        dataset = tmp_path / "cases.jsonl"
        adopt(decided(self.made(), {self.made()[0].case.id}, State.APPROVED, "ana"), dataset)
        before = dataset.read_text()
        adopt(decided(self.made(), {self.made()[1].case.id}, State.APPROVED, "ana"), dataset)
        assert dataset.read_text().startswith(before)
        assert len(read_dataset(dataset)) == 2

    def test_what_a_person_changed_in_the_file_stays(self, tmp_path):
        path = tmp_path / "proposals.jsonl"
        write_proposals(path, self.made())
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        lines[0]["state"] = "rejected"
        lines[1]["case"]["question"] = "For how long do we keep copies?"
        path.write_text("\n".join(map(json.dumps, lines)))
        again = merged(read_proposals(path), self.made())
        assert again == read_proposals(path)
        assert again[0].state is State.REJECTED
        assert again[1].case.question == "For how long do we keep copies?"

    def test_only_its_owner_reads_it_and_a_dataset_stays_as_shared_as_it_was(self, tmp_path):
        path = tmp_path / "proposals.jsonl"
        path.touch(mode=0o644)
        write_proposals(path, self.made())
        assert path.stat().st_mode & 0o777 == 0o600
        approved = decided(self.made(), {self.made()[0].case.id}, State.APPROVED, "ana")
        shared, new = tmp_path / "shared.jsonl", tmp_path / "new.jsonl"
        shared.touch()
        shared.chmod(0o644)
        assert [adopt(approved, one) for one in (shared, new)] == [1, 1]
        assert [one.stat().st_mode & 0o777 for one in (shared, new)] == [0o644, 0o600]

    def test_a_mistake_is_told_with_its_line(self, tmp_path):
        path = tmp_path / "proposals.jsonl"
        write_proposals(path, self.made())
        lines = path.read_text().splitlines()
        broken = json.loads(lines[1])
        broken["state"] = "perhaps"
        broken["case"]["gold"] = [{"uri": "a.md"}]
        path.write_text("\n".join([lines[0], json.dumps(broken)]))
        with pytest.raises(DatasetError) as caught:
            read_proposals(path)
        assert any(one.startswith("proposals.jsonl line 2: state") for one in caught.value.problems)
        assert any("gold makes no sense" in one for one in caught.value.problems)

    def test_an_id_that_does_not_exist_is_told(self):
        with pytest.raises(NotFoundError, match="no proposal has the id x"):
            decided(self.made(), {"x"}, State.APPROVED, "ana")

    def test_a_dataset_with_mistakes_is_not_touched(self, tmp_path):
        dataset = tmp_path / "cases.jsonl"
        dataset.write_text("{}\n")
        with pytest.raises(DatasetError, match="line 1"):
            adopt(decided(self.made(), {self.made()[0].case.id}, State.APPROVED, "a"), dataset)
        assert dataset.read_text() == "{}\n"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "corpus.yaml").write_text(
        "owner: northstar\ndefaults: {audience: [partners], approval: approved}\n"
        'documents: [{match: "plan.md", audience: [internal]}]\n'
    )
    (docs / "sla.md").write_text(
        "# Support SLA\n\n## When do gold partners hear from us?\n\n"
        "Gold partners get a first response within two hours.\n"
    )
    (docs / "plan.md").write_text(
        "# Plan\n\n## Codename of new pricing\n\nBluebird is the codename of it all.\n"
    )
    data = ["--data-dir", str(folder / "data")]
    assert cli.main(["ingest", str(docs), *data, "--json"]) == 0
    return folder


def test_from_documents_to_a_dataset_that_runs_with_documents_held_out(ingested, capsys):
    data = ["--data-dir", str(ingested / "data")]
    proposals, dataset = ingested / "proposals.jsonl", ingested / "cases.jsonl"
    propose_them = ["eval", "propose", str(proposals), "--tenant", "acme", *data]
    assert cli.main(propose_them) == 0
    made = read_proposals(proposals)
    assert [one.case.question for one in made] == ["When do gold partners hear from us?"] * 2
    ids = [one.case.id for one in made]
    assert cli.main([*propose_them, "--approve", *ids, "--into", str(dataset)]) == 0
    assert cli.main([*propose_them, "--into", str(dataset), "--json"]) == 0
    assert len(read_dataset(dataset)) == 2
    capsys.readouterr()
    report = ingested / "report"
    assert cli.main(["eval", "run", str(dataset), "--report", str(report), *data]) == 0
    assert {one.name: one.stat().st_mode & 0o777 for one in report.iterdir()} == {
        "report.json": 0o600,
        "report.html": 0o600,
    }
    kinds = {
        one["id"]: one["got"] for one in json.loads((report / "report.json").read_text())["cases"]
    }
    assert kinds == {ids[0]: "answer", ids[1]: "escalation"}


def test_a_machine_without_a_user_is_told_to_name_one(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 1000770000")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert decider("kim") == "kim"
    with pytest.raises(ConfigurationError, match="--by"):
        decider(None)
