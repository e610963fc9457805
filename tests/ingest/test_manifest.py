import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import ConfigurationError
from governance.document import ApprovalState, DocType, DocumentMetadata
from ingest.errors import ManifestError
from ingest.manifest import IngestOptions, Manifest, parse_manifest
from ingest.patterns import compile_pattern

NO_OPTIONS = IngestOptions()


def manifest(text: str, options: IngestOptions = NO_OPTIONS) -> Manifest:
    return parse_manifest(text, options)


def refusal(text: str, options: IngestOptions = NO_OPTIONS) -> str:
    with pytest.raises(ManifestError) as caught:
        manifest(text, options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_defaults_hold_and_rules_are_laid_over_them() -> None:
    read = manifest("""
owner: northstar
defaults: {audience: [partners], approval: approved, language: de}
documents:
  - match: "policies/**"
    doc_type: policy
  - match: "tickets/acme/**"
    doc_type: ticket
    audience: ["tenant:acme"]
""")

    assert read.tenant == "northstar"
    assert read.managed
    assert read.metadata_for("policies/deep/sla.md") == DocumentMetadata(
        doc_type=DocType.POLICY,
        audience=frozenset({"partners"}),
        approval=ApprovalState.APPROVED,
        language="de",
    )
    assert read.metadata_for("tickets/acme/1.md").audience == {"tenant:acme"}
    assert read.metadata_for("other.md").doc_type is DocType.REFERENCE


def test_an_empty_manifest_leaves_documents_drafts_that_only_the_owner_sees() -> None:
    assert manifest("").metadata_for("a.md") == DocumentMetadata()


def test_tiers_and_regions_are_compared_without_case_and_tenants_with_it() -> None:
    read = manifest('defaults: {audience: ["tier:Gold Plus", "region:EMEA", "tenant:Acme"]}')

    assert read.metadata_for("a.md").audience == {"tier:gold plus", "region:emea", "tenant:Acme"}


def test_a_release_stays_as_it_was_typed() -> None:
    assert manifest("defaults: {releases: [24.10, 024]}").metadata_for("a").releases == (
        "24.10",
        "024",
    )


@pytest.mark.parametrize(
    ("text", "line", "saying"),
    [
        ("owner: n\ndefaults:\n  audiance: [partners]", 3, "did you mean 'audience'"),
        ("owner: n\ndocuments:\n  - match: a\n    doc-type: faq", 4, "did you mean 'doc_type'"),
        ("owner: n\nfoo: 1", 2, "unknown key 'foo'"),
        ("documents:\n  - match: a\n    doc_type: polcy", 3, "did you mean 'policy'"),
        ("defaults:\n  audience:\n    - partners\n    - partner", 4, "did you mean 'partners'"),
        ("defaults: {audience: ['Tenant:acme']}", 1, "did you mean 'tenant:acme'"),
        ("defaults: {audience: ['tenant:a b']}", 1, "not a tenant id"),
        ("defaults: {audience: ['tenant:']}", 1, "not a tenant id"),
        ("defaults: {audience: ['*']}", 1, "unknown audience"),
        ("defaults: {audience: []}", 1, "write [internal]"),
        ("defaults:\n  audience:", 2, "has no value"),
        ("defaults: {approval: yes}", 1, "unknown approval 'yes'"),
        ("defaults: {effective_from: 2026-02-30}", 1, "is not a day"),
        ("defaults: {effective_from: 20260201}", 1, "is not a day"),
        ("owner: n\ndefaults: {effective_from: 2026-02-02, effective_to: 2026-01-01}", 2, "after"),
        ("defaults: {supersedes: [../x.md]}", 1, "is not the path"),
        ("documents:\n  - doc_type: faq", 2, "'match' is missing"),
        ("documents:\n  - match: /faq/**", 2, "a pattern is a path from the corpus root"),
        ("documents:\n  - match: faq**", 2, "'**' stands alone"),
        ("documents: {match: a}", 1, "must be a list"),
        ("owner: n\nowner: m", 2, "stands twice, first in line 1"),
        ("owner: a b", 1, "not a tenant id"),
        ("owner: ../x", 1, "not a tenant id"),
        ("a: &x [1]\nb: *x", 1, "anchors and aliases"),
        ("owner: !!python/object:os.system x", 1, "is not read"),
        ("owner: n\n---\nowner: m", 2, "a second document"),
        ("owner: n\n  defaults: {", 2, "not valid YAML"),
        ("- owner", 1, "`key: value`"),
        ("[" * 100_000, 1, "nested deeper"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(
    text: str, line: int, saying: str
) -> None:
    message = refusal(text)

    assert message.startswith(f"corpus.yaml line {line}: ")
    assert saying in message


def test_a_yaml_bomb_is_refused_before_it_unfolds() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{after}: &{after} [{', '.join(['*' + before] * 9)}]\n"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert "anchors and aliases" in refusal(bomb)


def test_a_manifest_error_is_a_configuration_error_too() -> None:
    assert issubclass(ManifestError, ConfigurationError)


def test_a_default_and_a_rule_that_contradict_each_other_are_told_for_that_document() -> None:
    read = manifest(
        "defaults: {effective_to: 2026-01-01}\n"
        "documents: [{match: late.md, effective_from: 2026-06-01}]"
    )

    assert read.metadata_for("early.md").effective_from is None
    with pytest.raises(ManifestError, match="effective_from 2026-06-01 is after"):
        read.metadata_for("late.md")


def test_options_fill_only_what_the_defaults_leave_open() -> None:
    options = IngestOptions(
        audience=("partners",), doc_type=DocType.FAQ, approval=ApprovalState.APPROVED
    )

    read = manifest("defaults: {audience: [internal]}", options).metadata_for("a.md")

    assert read.audience == {"internal"}
    assert read.doc_type is DocType.FAQ
    assert read.approval is ApprovalState.APPROVED


def test_an_option_that_names_another_owner_is_refused() -> None:
    message = refusal("\nowner: northstar", IngestOptions(tenant="acme"))

    assert "line 2" in message
    assert "'northstar', not to --tenant 'acme'" in message
    assert manifest("owner: acme", IngestOptions(tenant="acme")).tenant == "acme"
    assert manifest("", IngestOptions(tenant="acme")).tenant == "acme"


@pytest.mark.parametrize(
    ("pattern", "uri", "matches"),
    [
        ("policies/**", "policies/a/b.md", True),
        ("policies/**", "policies.md", False),
        ("policies/**", "old/policies/a.md", False),
        ("**/policies/**", "old/policies/a.md", True),
        ("**/policies/**", "policies/a.md", True),
        ("*.md", "a.md", True),
        ("*.md", "x/a.md", False),
        ("**/*.md", "a.md", True),
        ("**/*.md", "x/y/a.md", True),
        ("x/**/a.md", "x/a.md", True),
        ("x/*/a.md", "x/y/z/a.md", False),
        ("policies/", "policies/a.md", True),
        ("./a.md", "a.md", True),
        ("A.md", "a.md", False),
        ("a?.md", "a/.md", False),
        ("[ab].md", "b.md", True),
        ("[!ab].md", "b.md", False),
        ("a.md", "axmd", False),
        ("a+(b).md", "a+(b).md", True),
        ("cafe\u0301.md", "caf\u00e9.md", True),
        ("**", "a/b", True),
        ("a.md", "a.md\n", False),
    ],
)
def test_patterns_are_paths_with_wildcards(pattern: str, uri: str, matches: bool) -> None:  # noqa: FBT001
    assert bool(compile_pattern(pattern).fullmatch(uri)) is matches


_PATTERNS = st.sampled_from(["**", "a/**", "*.md", "a/*.md", "**/b.md", "a/b.md"])
_KEYS = st.sampled_from(["doc_type", "product"])
_RULES = st.lists(st.tuples(_PATTERNS, _KEYS, st.sampled_from(["faq", "policy"])), max_size=6)


@given(rules=_RULES, uri=st.sampled_from(["a/b.md", "b.md", "a/c/d.txt", "z.md"]))
def test_for_every_key_the_last_matching_rule_is_right(
    rules: list[tuple[str, str, str]], uri: str
) -> None:
    written = "".join(f"  - {{match: '{glob}', {key}: {value}}}\n" for glob, key, value in rules)
    read = manifest(f"documents:\n{written}" if rules else "").metadata_for(uri)

    for key, default in (("doc_type", "reference"), ("product", "")):
        said = [v for glob, k, v in rules if k == key and compile_pattern(glob).fullmatch(uri)]
        assert getattr(read, key) == (said[-1] if said else default)
