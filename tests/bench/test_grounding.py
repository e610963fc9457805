from collections import defaultdict

import pytest

from bench.drafts import sources_in
from bench.grounding import SAMPLE, drafts_from, ground, oracle
from copilot.grounding import Grounder


@pytest.fixture(scope="module")
def results():
    drafts = list(drafts_from(sources_in(SAMPLE), each=6, seed=11))
    grounder = Grounder(None)
    return [(draft, ground(grounder, draft)) for draft in drafts]


def share(right):
    right = list(right)
    return sum(right) / len(right)


def test_of_hundreds_of_drafts_the_false_ones_fall_and_the_true_ones_stay(results):
    assert len(results) >= 300
    assert share(not two.supported for one, two in results if not one.true) >= 0.97
    assert share(two.supported for one, two in results if one.true) >= 0.90


def test_no_number_or_identifier_is_shown_that_its_quotes_do_not_hold(results):
    shown = [two for _, two in results if two.claim is not None]
    assert [
        (two.claim.text, missing)
        for two in shown
        if (missing := oracle(two.claim.text, " ".join(one.quote for one in two.evidence)))
    ] == []


def test_no_kind_of_lie_mostly_passes(results):
    by_rule = defaultdict(list)
    for draft, result in results:
        if not draft.true:
            by_rule[draft.rule].append(not result.supported)
    assert {rule for rule, dropped in by_rule.items() if share(dropped) < 0.5} == set()


def test_every_quote_is_cut_from_the_passage_that_the_sentence_cites(results):
    for draft, result in results:
        by_key = {one.key: one for one in draft.evidence}
        for one in result.evidence:
            assert one.key in draft.keys
            assert one.quote in by_key[one.key].quote


def test_the_oracle_sees_a_number_that_is_not_there():
    assert oracle("Two of 31 tickets, ERR-4012.", "Two tickets: ERR-4011.") == [
        "31",
        "4012",
        "err-4012",
    ]
