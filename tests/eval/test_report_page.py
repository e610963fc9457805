"""The page: whole, escaped, self-contained, with every miss on it."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.case import Gold
from eval.observation import CitedQuote, SeenPassage
from eval.report.markup import Markup, tag
from eval.report.page import page
from tests.eval.reports import answered, case, handed_over, report, silent

HOSTILE = "</blockquote></style><script>alert(1)</script><img src=x onerror=alert(2)>\x00\u202e&'\""


class Seen(HTMLParser):
    """The elements and the words of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def hostile():
    asked = replace(
        case(1), question=HOSTILE, reference=HOSTILE, history=(HOSTILE,), id="x-1",
        gold=(Gold(uri=HOSTILE, quote=HOSTILE),), category=HOSTILE,
    )  # fmt: skip
    seen = answered(
        text=HOSTILE,
        citations=(CitedQuote(uri=HOSTILE, quote=HOSTILE, exact=False, readable=False),),
        passages=(
            SeenPassage(
                rank=1, uri=HOSTILE, doc_type="policy", heading_path=(HOSTILE,), text=HOSTILE,
                dense_score=0.1, keyword_score=1.0,
            ),
        ),
        gold_types=(HOSTILE,),
    )  # fmt: skip
    return report([(asked, seen), (case(2), answered())])


def many():
    pairs = [(case(at), answered(confidence=at / 40)) for at in range(20, 40)]
    pairs += [(silent(at), handed_over(confidence=at / 200)) for at in range(40, 60)]
    pairs += [(case(at), handed_over(text=f"what came in {at}")) for at in range(5)]
    pairs += [(silent(at), answered()) for at in range(5, 9)]
    return report(pairs)


def valid(text):
    html5lib.HTMLParser(strict=True).parse(text)


def test_the_page_is_valid_html():
    valid(page(many()))


def test_hostile_text_stays_text():
    told = page(hostile())
    valid(told)
    seen = Seen(told)
    assert not {"script", "img", "iframe", "object", "a", "link", "form"}.intersection(seen.tags)
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in seen.text
    assert "\x00" not in told


def test_nothing_is_asked_of_the_network_and_only_its_own_style_is_allowed():
    told = page(many())
    seen = Seen(told)
    assert not re.findall(r"(?:https?:)?//", told.replace("<!doctype html>", ""))
    assert not [one for one in seen.attributes if one[1] in {"src", "href", "style"}]
    [policy] = [
        value for tag_, name, value in seen.attributes if name == "content" and "src" in value
    ]
    [style] = re.findall(r"<style>(.*?)</style>", told, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"'sha256-{digest}'" in policy
    assert "url(" not in style
    assert "@import" not in style


def test_every_miss_is_there_with_question_expectation_outcome_passages_and_cause():
    made = many()
    assert len(made.misses) == 9
    told = page(made)
    for miss in made.misses:
        assert f'id="miss-{miss.id}"' in told
        assert miss.question in told
        assert miss.cause in told
        assert Markup(tag("div", miss.text, class_="text")) in told
        for passage in miss.passages:
            assert f"cosine {passage.cosine:.3f}, keywords {passage.keywords:.2f}" in told


def test_every_plot_is_there():
    seen = Seen(page(many()))
    for name in ("Risk and coverage", "Reliability", "Confidence", "Latency"):
        assert name in seen.text
    assert ("svg", "role", "img") in seen.attributes
    assert "Scores per category" in seen.text
    assert "Scores per kind of document" in seen.text


@pytest.mark.parametrize(
    "pairs",
    [
        [(case(1), answered())],
        [(silent(1), handed_over())],
        [(case(1), answered(confidence=0.0)), (case(2), answered(confidence=1.0))],
    ],
)
def test_a_handful_of_cases_makes_a_page_too(pairs):
    valid(page(report(pairs)))


def test_a_breach_is_said_at_the_top():
    [quote] = answered().citations
    leak = answered(citations=(replace(quote, readable=False),))
    told = page(report([(case(1), leak), (case(2), answered())]))
    assert "1 cases show what must never be shown" in told


@given(st.text())
def test_any_text_comes_back_as_text(text):
    made = tag("p", text, title=text)
    seen = Seen(made)
    assert seen.tags == ["p"]
    assert "<" not in made[made.index(">") + 1 : -4]
