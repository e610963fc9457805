"""Sentences about the sample corpus, written by hand: other words for it, and near misses."""

import json
from pathlib import Path

import pytest

from bench.drafts import sources_in
from bench.grounding import SAMPLE
from copilot.evidence import Claim, Evidence, Span
from copilot.grounding import Grounder
from copilot.question import read_question

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parent / "pairs.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def verdicts():
    passages = {}
    for source in sources_in(SAMPLE):
        passages.setdefault(source.uri, {})[source.passage.chunk.id] = source.passage
    grounder, question = Grounder(None), read_question("What holds?", {})
    found = []
    for pair in PAIRS:
        passage = next(
            one
            for one in passages[pair["uri"]].values()
            if pair["near"].replace("`", "") in one.chunk.text.replace("`", "").replace("**", "")
        )
        length = len(passage.chunk.text)
        evidence = Evidence(
            key=1,
            passage=passage,
            start=0,
            end=length,
            sentences=(Span(start=0, end=length),),
        )
        claim = Claim(text=pair["sentence"], keys=(1,))
        found.append((pair, grounder.ground(claim, [evidence], question).supported))
    return found


def test_the_pairs_are_many_and_of_both_kinds():
    assert len(PAIRS) >= 60
    assert sum(one["true"] for one in PAIRS) >= 30


def test_near_misses_fall(verdicts):
    passed = [one["sentence"] for one, kept in verdicts if kept and not one["true"]]
    false = [one for one in PAIRS if not one["true"]]
    assert len(passed) <= 0.03 * len(false), passed


def test_true_sentences_in_other_words_stay(verdicts):
    dropped = [one["sentence"] for one, kept in verdicts if not kept and one["true"]]
    true = [one for one in PAIRS if one["true"]]
    assert len(dropped) <= 0.15 * len(true), dropped
