from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.document import ApprovalState, DocumentMetadata
from ingest.errors import ManifestError
from ingest.manifest import describe_page, front_matter
from ingest.markdown import parse_markdown

OPEN = DocumentMetadata(audience=frozenset({"partners"}), approval=ApprovalState.APPROVED)


def described(page: str, *, managed: bool = True) -> DocumentMetadata:
    return describe_page(page.encode(), OPEN, "guides/a.md", managed=managed)


def refusal(page: str) -> str:
    with pytest.raises(ManifestError) as caught:
        described(page)
    return str(caught.value)


def test_a_page_in_a_managed_corpus_is_right_about_itself() -> None:
    read = described("---\ntitle: SLA\naudience: [internal]\nreleases: [24.10]\n---\n# x")

    assert read.title == "SLA"
    assert read.audience == {"internal"}
    assert read.releases == ("24.10",)
    assert read.approval is ApprovalState.APPROVED


def test_keys_of_other_systems_are_left_alone() -> None:
    page = "---\ntitle: A\nms.author: x\nauthor: y\ntags: [a]\nproduct:\nlayout: z\n---\n"

    assert described(page) == describe_page(b"---\ntitle: A\n---\n", OPEN, "a.md", managed=True)


def test_without_a_manifest_a_page_gives_only_its_title() -> None:
    page = (
        "---\ntitle: 'It: works'\naudience: developer\nproduct: [azure]\napproval: approved\n"
        "effective_to: never\nlanguage: 7\n---\n"
    )

    assert described(page, managed=False) == DocumentMetadata(
        title="It: works", audience=OPEN.audience, approval=OPEN.approval
    )


@pytest.mark.parametrize(
    ("page", "line", "saying"),
    [
        ("---\ntitle: a\naudience: developer\n---\n", 3, "unknown audience 'developer'"),
        ("---\naudience:\n---\n", 2, "has no value"),
        ("---\naudience: []\n---\n", 2, "is empty"),
        ("---\ntitle: a\nAudience: [internal]\n---\n", 3, "write 'audience'"),
        ("---\naudiance: [internal]\n---\n", 2, "write 'audience'"),
        ("---\neffective-to: 2026-01-01\n---\n", 2, "write 'effective_to'"),
        ("---\naudience: [internal]\naudience: [partners]\n---\n", 3, "stands twice"),
        ("---\ntitle: a: b\naudience: [internal]\n---\n", 2, "not valid YAML"),
        ("---\ntitle: a\naudience: [internal]\n\n# Text", 1, "never ends"),
        ("---\ntitle: X\n\naudience: [internal]\n\n# Head", 1, "never ends"),
        ("\n<!-- c -->\n---\ntitle: X\n\napproval: draft\n", 3, "never ends"),
        ("---yaml\naudience: [internal]\n---\n# x", 1, "between two lines ---"),
        ("---\n---\naudience: [internal]\n\n# x", 1, "between two lines ---"),
        ('---json\n{"audience": ["internal"]}\n---\n# x', 1, "between two lines ---"),
        ("+++\naudience = ['internal']\n+++\n# x", 1, "between two lines ---"),
        ("----\naudience: internal\n----\n# x", 1, "between two lines ---"),
        ("--- {audience: [internal]}\n# x", 1, "between two lines ---"),
        ("<!--\na\n-->\n---\naudience: x\n---\n", 5, "unknown audience"),
        ("\ufeff---\r\ntitle: a\r\naudience: x\r\n---\r\n", 3, "unknown audience"),
        ("---\neffective_from: 2026-01-02\neffective_to: 2026-01-01\n---\n", 1, "is after"),
        ("---\napproval: aproved\n---\n", 2, "did you mean 'approved'"),
        ("---\ntitle: {a: b}\n---\n", 2, "title"),
    ],
)
def test_a_page_that_may_mean_to_be_closed_is_refused_rather_than_opened(
    page: str, line: int, saying: str
) -> None:
    message = refusal(page)

    assert message.startswith(f"guides/a.md line {line}: ")
    assert saying in message


@pytest.mark.parametrize("above", ["\n\n", "<!-- a licence -->\n", "\ufeff<!--\nc\n-->\n\n"])
def test_blank_lines_and_comments_may_stand_above_front_matter(above: str) -> None:
    page = f"{above}---\ntitle: A\naudience: [internal]\n---\n# Text\n"

    parsed = parse_markdown(page, uri="a.md", resolve_include=None)

    assert described(page).audience == {"internal"}
    assert parsed.title == "A"
    assert parsed.text == "Text"


def test_a_rule_and_words_far_below_it_are_no_front_matter() -> None:
    assert described("---\n" + "words\n" * 40 + "audience: people\n") == OPEN


def test_broken_front_matter_that_decides_nothing_costs_no_page() -> None:
    assert described("---\ntitle: Ports: an overview\nx: [\n---\n").title == "Ports: an overview"


@pytest.mark.parametrize("page", ["# Text", "", "---\n\nA rule above.\n", "a\n---\naudience: x\n"])
def test_a_page_without_front_matter_is_what_the_manifest_says(page: str) -> None:
    assert described(page) == OPEN


def test_a_page_cannot_outlive_what_the_manifest_gives_it() -> None:

    base = DocumentMetadata(effective_to=date(2026, 1, 1))

    with pytest.raises(ManifestError, match=r"a\.md: effective_from 2026-02-01 is after"):
        front_matter({"effective_from": date(2026, 2, 1)}, base, "a.md")


@given(
    key=st.sampled_from(["audience", "approval", "effective_from", "effective_to"]),
    value=st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_whatever_stands_under_an_access_key_is_understood_or_refused(key: str, value: str) -> None:
    words = {"partners", "internal", "draft", "in_review", "approved", "withdrawn", "expired"}
    try:
        read = front_matter({key: value}, OPEN, "a.md")
    except ManifestError:
        return
    said = value.strip()
    assert said in words or said.startswith(("tenant:", "tier:", "region:")) or said[:4].isdigit()
    assert read != OPEN or said in {"partners", "approved"}
