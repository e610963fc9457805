"""What a question and a search leave on record, as policy says."""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
from sqlalchemy import select

from copilot.ask import Asked
from governance.audit import Action
from governance.audit.chain import audit_lines
from governance.policy import Policy, load_policy
from governance.record_policy import AuditPolicy, Wording
from governance.redaction import PersonalData, Redacted
from retrieval.query import Query
from tests.fakes.small_house import PARTNER, SmallHouse, write

QUESTION = "How is the price of amber agreed with ann?"


class Forgetful:
    """Takes one name out."""

    def redact(self, text: str, _: frozenset[PersonalData]) -> Redacted:
        return Redacted(text=text.replace("ann", "<PERSON>"), counts={PersonalData.PERSON: 1})

    def sparing(self) -> "Forgetful":
        return self


class Source:
    """A policy that a test sets."""

    def __init__(self) -> None:
        self.audit = AuditPolicy()

    def current(self) -> Policy:
        return load_policy().model_copy(update={"audit": self.audit})


class House(SmallHouse):
    @cached_property
    def redactor(self) -> Any:
        return Forgetful()

    @cached_property
    def policy(self) -> Any:
        return Source()

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        with self.database.read() as connection:
            lines = connection.execute(
                select(audit_lines)
                .where(audit_lines.c.tenant == PARTNER.tenant)
                .order_by(audit_lines.c.number)
            ).all()
        return [(line.action, json.loads(line.sealed)["details"]) for line in lines]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    write(folder / "corpus", "amber")
    house = House(folder)
    house.ingest(folder / "corpus")
    yield house
    house.close()


@pytest.fixture
def house(ingested: House) -> House:
    ingested.policy.audit = AuditPolicy()
    return ingested


def ask(house: House) -> tuple[str, dict[str, Any]]:
    house.copilot.ask(Asked(text=QUESTION, principal=PARTNER))
    return house.told()[-1]


def search(house: House) -> None:
    house.recorded_search.search(Query(text=QUESTION, principal=PARTNER))


def test_a_question_is_worded_without_personal_data_and_its_answer_is_not(house: House):
    action, details = ask(house)
    assert action == Action.QUESTION_ASKED
    assert details["question"] == QUESTION.replace("ann", "<PERSON>")
    assert "answer" not in details


def test_policy_may_have_no_words_at_all_or_the_answers_too(house: House):
    house.policy.audit = AuditPolicy(questions=Wording.NONE)
    assert "question" not in ask(house)[1]
    house.policy.audit = AuditPolicy(answers=Wording.REDACTED)
    assert ask(house)[1]["answer"]


def test_a_search_is_told_with_the_documents_it_brought(house: House):
    search(house)
    action, details = house.told()[-1]
    [document] = [one.document_id for one in house.catalog.newest()]
    assert action == Action.SEARCHED
    assert details["found"] == [[document, 1]]
    assert details["question"] == QUESTION.replace("ann", "<PERSON>")


def test_policy_may_leave_searches_or_their_words_off_the_record(house: House):
    house.policy.audit = AuditPolicy(questions=Wording.NONE)
    search(house)
    assert "question" not in house.told()[-1][1]
    before = len(house.told())
    house.policy.audit = AuditPolicy(searches=False)
    search(house)
    assert len(house.told()) == before


def test_what_the_house_searches_for_itself_is_no_search_on_record(house: House):
    before = len(house.told())
    ask(house)
    assert [action for action, _ in house.told()[before:]] == [Action.QUESTION_ASKED]
