"""Asking in a conversation: the question back and its reply, sources that disagree, whose turns."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from copilot.answer import Clarification, Escalation, Reason
from copilot.ask import Asked, Citation, Copilot, Reply
from copilot.conversation import Conversations
from copilot.extractive import ExtractiveWriter
from copilot.followup import MOST_TURNS, Turn
from governance.principal import Principal
from tests.fakes.small_house import PARTNER, SmallHouse

MANIFEST = """\
owner: northstar
defaults: {audience: [partners], approval: approved}
documents:
  - {match: "24.1.md", doc_type: release_note, releases: ["24.1"]}
  - {match: "25.2.md", doc_type: release_note, releases: ["25.2"]}
  - {match: "support.md", doc_type: policy}
  - {match: "faq.md", doc_type: faq}
"""
DOCUMENTS = {
    "corpus.yaml": MANIFEST,
    "24.1.md": "# Notes on 24.1\n\nAn import file may have up to 10,000 rows.\n",
    "25.2.md": "# Notes on 25.2\n\nAn import file may have up to 80,000 rows.\n",
    "support.md": "# Support policy\n\nA waiting ticket is closed after 15 days.\n",
    "faq.md": "# Partner questions\n\nA waiting ticket is closed after 20 days.\n",
    "tokens.md": "# Tokens\n\nAn access token of a scale is valid for 55 minutes.\n",
}
ROWS = "How many rows may an import file have?"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallHouse]:
    folder = tmp_path_factory.mktemp("conversation")
    (folder / "corpus").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "corpus" / name).write_text(text)
    house = SmallHouse(folder)
    with closing(house):
        house.ingest(folder / "corpus")
        yield house


def ask(house: SmallHouse, text: str, conversation: str = "", who: Principal = PARTNER) -> Reply:
    return house.copilot.ask(Asked(text=text, principal=who, conversation_id=conversation))


def test_an_open_question_is_asked_back_once_with_what_the_documents_offer(
    house: SmallHouse,
) -> None:
    first = ask(house, ROWS, "rows")
    assert isinstance(first.outcome, Clarification)
    assert first.outcome.text == "For which release: 24.1 or 25.2?"
    assert first.body.options == ["release 24.1", "release 25.2"]
    assert "10,000" in first.body.citations[0].quote
    assert "80,000" in first.body.citations[1].quote
    reply = ask(house, "the second one", "rows")
    assert reply.body.standalone_question == f"{ROWS[:-1]} (release 25.2)?"
    assert reply.body.kind != "clarification"
    assert "80,000" in reply.body.citations[0].quote


def test_nobody_is_asked_the_same_thing_twice_in_a_row(house: SmallHouse) -> None:
    assert ask(house, ROWS, "again").body.kind == "clarification"
    assert ask(house, ROWS, "again").body.kind != "clarification"


def test_a_stream_tells_what_the_options_rest_on(house: SmallHouse) -> None:
    events = list(house.copilot.stream(Asked(text=ROWS, principal=PARTNER)))
    last = events[-1]
    assert isinstance(last, Reply)
    assert isinstance(last.outcome, Clarification)
    assert [one for one in events if isinstance(one, Citation)] == list(last.outcome.citations)


def test_sources_that_disagree_go_to_a_person_side_by_side(house: SmallHouse) -> None:
    reply = ask(house, "After how many days is a waiting ticket closed?")
    assert isinstance(reply.outcome, Escalation)
    assert reply.outcome.reason is Reason.CONFLICTING_SOURCES
    quotes = [one.quote for one in reply.outcome.citations]
    assert sorted("15 days" in one for one in quotes) == [False, True]
    assert sorted("20 days" in one for one in quotes) == [False, True]
    assert "“15 days”" in reply.body.text
    assert "“20 days”" in reply.body.text


def test_the_same_id_of_somebody_else_has_no_turns(house: SmallHouse) -> None:
    ask(house, "How long is an access token of a scale valid?", "shared")
    conversations = Conversations(house.records, house.visible_catalog)
    assert [one.question for one in conversations.turns(PARTNER, "shared")] == [
        "How long is an access token of a scale valid?"
    ]
    for who in (replace(PARTNER, subject="eve"), replace(PARTNER, tenant="bolt")):
        assert conversations.turns(who, "shared") == ()
        assert ask(house, "why?", "shared", who).body.standalone_question == "why?"


def test_only_the_last_turns_are_looked_back_at(house: SmallHouse) -> None:
    for number in range(MOST_TURNS + 2):
        ask(house, f"Is access token {number} of a scale valid?", "long")
    turns = Conversations(house.records, house.visible_catalog).turns(PARTNER, "long")
    assert [one.question for one in turns] == [
        f"Is access token {number} of a scale valid?" for number in range(2, MOST_TURNS + 2)
    ]


class NeverLooked:
    """Fails where turns are looked up."""

    def turns(self, principal: Principal, conversation_id: str) -> tuple[Turn, ...]:
        raise AssertionError(f"looked up {conversation_id!r} of {principal.subject}")


def test_a_question_outside_a_conversation_costs_no_look(house: SmallHouse) -> None:
    copilot = Copilot(
        retriever=house.retriever,
        writer=ExtractiveWriter(),
        calibration=house.calibration.calibration,
        policy=house.policy.current,
        records=house.records,
        earlier=NeverLooked(),
        words=house.kept_words,
        clock=house.clock,
    )
    reply = copilot.ask(Asked(text="and for gold?", principal=PARTNER))
    assert reply.body.standalone_question == "and for gold?"


def test_a_withdrawn_source_takes_its_options_and_words_with_it(house: SmallHouse) -> None:
    first = ask(house, ROWS, "withdrawn")
    assert first.body.options
    house.catalog.withdraw_vanished(first.body.citations[0].document_id)
    [turn] = Conversations(house.records, house.visible_catalog).turns(PARTNER, "withdrawn")
    assert (turn.options, "10,000" in turn.said) == ((), False)
