from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.evidence import Draft
from copilot.extractive import ExtractiveWriter
from copilot.question import read_question
from retrieval.passage import Passage
from tests.copilot.passages import passage, statistics_of

RESPONSE = passage(
    "Response targets\n\nA P1 ticket is answered within 30 minutes. A P2 ticket is answered within "
    "four business hours. Tickets about sandboxes are handled as P4 at most.\n\nHolidays are those "
    "of the region in which the tenant is hosted.",
    heading="Response targets",
    start=200,
)
AGENT = passage(
    "Install the agent\n\nInstalling takes ten minutes and needs root rights. To install the "
    "agent:\n\n1. Create a code in the back office.\n2. Run `sudo harborctl enrol --code CODE`.\n"
    "3. Wait until the light turns green.\n\nThe agent updates itself at night.",
    document="doc_agent",
    title="Harbor agent",
    heading="Install the agent",
    doc_type="integration_guide",
)
LIMITS = passage(
    "| Object | Limit | Note |\n| Variants per article | 350 variants | |\n"
    "| Import file | 80,000 rows | raised in 25.2 |",
    document="doc_limits",
    title="Limits",
    heading="Catalogue limits",
    doc_type="reference",
)
FAQ = passage(
    "Can a customer pause a subscription? No. Seasonal businesses can choose a yearly volume.\n\n"
    "Where do I see the rebate? In Partner Desk under Finance. It is published monthly.",
    document="doc_faq",
    title="Billing FAQ",
    heading="Billing FAQ",
    doc_type="faq",
)


def answered(question: str, *passages: Passage) -> Draft:
    return ExtractiveWriter().write(read_question(question), passages, statistics_of(*passages))


def test_a_question_for_one_fact_gets_the_sentence_that_holds_it() -> None:
    draft = answered("How quickly is a P1 ticket answered?", RESPONSE)
    assert draft.claims[0].text.startswith("A P1 ticket is answered within 30 minutes.")
    assert "Response targets" not in draft.text


def test_a_how_to_gets_all_steps_with_the_sentence_that_leads_into_them() -> None:
    draft = answered("How do I install the Harbor agent?", AGENT)
    assert draft.claims[0].text == (
        "Installing takes ten minutes and needs root rights. To install the agent:\n"
        "1. Create a code in the back office.\n"
        "2. Run sudo harborctl enrol --code CODE.\n"
        "3. Wait until the light turns green."
    )
    assert "`sudo harborctl enrol --code CODE`" in draft.evidence[0].quote


def test_steps_that_are_all_written_as_one_are_counted() -> None:
    steps = passage("To reset it:\n\n1. Stop it.\n1. Delete the queue.\n1. Start it.")
    assert "3. Start it." in answered("How do I reset it?", steps).text


def test_a_table_is_read_out_as_the_row_with_its_headers() -> None:
    draft = answered("How many variants may an article have?", LIMITS)
    assert draft.claims[0].text == "Variants per article: Limit 350 variants."
    assert draft.evidence[0].quote == "| Variants per article | 350 variants | |"


PRIORITIES = passage(
    "| Priority | First response |\n| P1 | 30 minutes |\n| P2 | 2 hours |\n| P3 | 8 hours |",
    title="SLA",
    heading="Response",
)


def test_the_row_carries_the_key_that_the_question_names() -> None:
    assert answered("What is the first response for P2?", PRIORITIES).text == (
        "P2: First response 2 hours. [1]"
    )


def test_a_table_that_lacks_the_named_key_does_not_answer_with_another_row() -> None:
    other = passage("The first response is given in writing.", document="doc_other", rank=2)
    text = answered("What is the first response for P5?", PRIORITIES, other).text
    assert "30 minutes" not in text


def test_keys_that_differ_in_a_common_word_only_are_told_apart() -> None:
    weeks = passage(
        "| Duty | Name |\n| Duty lead, odd weeks | Ann |\n| Duty lead, even weeks | Bo |"
    )
    assert answered("Who is duty lead in even weeks?", weeks).text.count("Bo") == 1
    assert "Ann" not in answered("Who is duty lead in even weeks?", weeks).text


def test_a_small_table_is_told_whole_where_no_row_fits_better_than_the_others() -> None:
    text = answered("What is the first response to a ticket?", PRIORITIES).text
    assert text.count("First response") == 3


def test_our_region_is_the_askers() -> None:
    windows = passage(
        "| Region | Weekly window |\n| EMEA | Tuesday 21:00 |\n| APAC | Monday 15:00 |"
    )
    question = read_question("When is the weekly window for our region?", {"region": "apac"})
    draft = ExtractiveWriter().write(question, [windows], statistics_of(windows))
    assert draft.evidence[0].quote == "| APAC | Monday 15:00 |"


def test_a_row_leads_with_its_key_and_what_was_asked() -> None:
    codes = passage(
        "| Code | HTTP | Meaning | First thing to try |\n"
        "| ERR-6300 | 500 | Queue is full | wait |\n"
        "| ERR-6301 | 504 | No AS2 receipt | check certificate, then firewall |",
        title="Codes",
    )
    assert answered("What does ERR-6301 mean?", codes).claims[0].text == (
        "ERR-6301: No AS2 receipt. First thing to try: check certificate, then firewall. (HTTP 504)"
    )


def test_a_number_in_the_question_finds_the_row_whose_range_holds_it() -> None:
    bands = passage(
        "| Orders per month | Surcharge |\n| 1 to 10,000 | EUR 0 |\n| 10,001 to 50,000 | EUR 740 |"
        "\n| 50,001 to 200,000 | EUR 2,310 |",
        title="Price list",
        heading="Surcharges by orders per month",
    )
    draft = answered("What is the surcharge for 120,000 orders per month?", bands)
    assert "EUR 2,310" in draft.text


def test_a_heading_that_asks_the_question_is_answered_by_its_section() -> None:
    draft = answered("Can a customer pause a subscription?", FAQ)
    assert draft.claims[0].text == "No. Seasonal businesses can choose a yearly volume."


def test_the_next_faq_entry_is_not_read_out() -> None:
    assert "rebate" not in answered("Can a customer pause a subscription?", FAQ).text


def test_what_another_document_alone_covers_is_added() -> None:
    rows = passage(
        "An import file may have 80,000 rows.", document="doc_import", title="Bulk import", rank=1
    )
    labels = passage(
        "A return label expires after 35 days.", document="doc_returns", title="Returns", rank=2
    )
    draft = answered(
        "How many rows may an import file have, and when does a return label expire?", rows, labels
    )
    assert {one.passage.chunk.document_id for one in draft.evidence} == {
        "doc_import",
        "doc_returns",
    }
    assert draft.text.count("[1]") == 1
    assert draft.text.count("[2]") == 1


def test_of_a_guide_and_a_ticket_that_say_the_same_the_guide_is_cited() -> None:
    ticket = passage(
        "The order stopped with ERR-4012 since the SKU has no mapping.",
        document="doc_ticket",
        title="Ticket",
        doc_type="ticket",
        rank=1,
    )
    guide = passage(
        "ERR-4012 means that the SKU has no listing mapping.",
        document="doc_codes",
        title="Error codes",
        rank=2,
    )
    assert answered("ERR-4012", ticket, guide).evidence[0].passage is guide


def test_a_code_is_looked_up_where_it_is_defined_not_where_it_is_mentioned() -> None:
    news = passage(
        "Error codes\n\nERR-4012 keeps its number; only its text changed, since it was misread.",
        document="doc_news",
        title="Release notes",
        heading="Error codes",
        doc_type="release_note",
        cosine=0.7,
        rank=1,
    )
    codes = passage(
        "| Code | Meaning |\n| ERR-4010 | Shop is closed |\n| ERR-4012 | SKU has no mapping |",
        document="doc_codes",
        title="Error codes",
        heading="Catalogue",
        doc_type="reference",
        rank=2,
    )
    draft = answered("What does ERR-4012 mean?", news, codes)
    assert [one.passage for one in draft.evidence] == [codes]
    assert "SKU has no mapping" in draft.text


def test_steps_cut_between_two_passages_are_put_together() -> None:
    first = passage("To enrol:\n\n1. Make a code.\n2. Copy it.", heading="Enrol", rank=1)
    second = passage(
        "3. Paste it.\n4. Restart.", heading="Enrol", start=len(first.chunk.text) + 1, rank=2
    )
    draft = answered("How do I enrol?", first, second)
    assert [one.passage for one in draft.evidence] == [first, second]
    assert "4. Restart." in draft.text


def test_a_lead_into_what_does_not_follow_is_not_an_answer() -> None:
    lead = passage(
        "You can pay your invoices in the following ways:",
        document="doc_lead",
        heading="Invoices",
        rank=1,
    )
    told = passage("Invoices are paid by bank transfer or card.", document="doc_told", rank=2)
    assert answered("What can I pay invoices with?", lead, told).evidence[0].passage is told


def test_a_list_in_the_next_passage_completes_its_lead() -> None:
    lead = passage("You can pay your invoices in these ways:", heading="Invoices", rank=1)
    ways = passage(
        "- bank transfer\n- card", heading="Invoices", start=len(lead.chunk.text) + 1, rank=2
    )
    assert "bank transfer" in answered("What can I pay invoices with?", lead, ways).text


def test_a_note_beside_the_matter_does_not_open_the_answer() -> None:
    sentences = "Plain talk about other things is added here to fill the section. " * 12
    form = passage(
        f"{sentences}Note: A sign-up form for members needs an area. "
        "A sign-up form lets members register."
    )
    text = answered("What is a sign-up form for members?", form).text
    assert text.startswith("A sign-up form lets members register.")


def test_no_passages_give_no_claims() -> None:
    assert answered("How do I install the agent?").claims == ()


def test_an_answer_for_one_fact_stays_short() -> None:
    sentences = " ".join(f"Sentence number {n} speaks about tickets." for n in range(200))
    draft = answered("What about tickets?", passage(sentences))
    assert len(draft.text.split()) <= 125


words = st.sampled_from(
    [
        *[
            "agent",
            "ticket",
            "P1",
            "answered",
            "within",
            "30",
            "minutes.",
            "install",
            "the",
            "Order",
        ],
        *["1.", "-", "|", "```", "A", "Heading?\n", "\n\n", "\n"],
    ]
)
texts = st.lists(words, min_size=1, max_size=60).map(" ".join).filter(str.strip)
questions = st.sampled_from(
    ["How do I install the agent?", "How long until a P1 ticket is answered?", "agent", "Who?"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4), questions)
def test_every_quote_is_exactly_what_stands_at_its_place(found: list[str], question: str) -> None:
    passages = [
        passage(text, document=f"doc_{number}", start=number * 7, rank=number + 1)
        for number, text in enumerate(found)
    ]
    draft = answered(question, *passages)
    for evidence in draft.evidence:
        stored = " " * evidence.passage.chunk.locator.start + evidence.passage.chunk.text
        assert stored[evidence.document_start : evidence.document_end] == evidence.quote
        assert evidence.quote.strip()
        assert evidence.passage in passages
    keys = [evidence.key for evidence in draft.evidence]
    assert keys == list(range(1, len(keys) + 1))
    assert all(set(claim.keys) <= set(keys) for claim in draft.claims)


@settings(max_examples=50, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4), questions)
def test_the_same_passages_in_any_order_give_the_same_answer(
    found: list[str], question: str
) -> None:
    passages = [
        passage(text, document=f"doc_{number}", rank=number + 1)
        for number, text in enumerate(found)
    ]
    assert answered(question, *passages) == answered(question, *reversed(passages))
