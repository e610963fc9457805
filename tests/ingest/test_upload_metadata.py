"""What an upload says of its documents is judged as a manifest would be, and a little more."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.document import DocType
from governance.identity import ForbiddenError
from governance.principal import Permission, Principal, Role
from ingest.schemas import METADATA_SCHEMA
from ingest.upload_form import UploadMisfitError
from ingest.upload_metadata import UploadKeys, check_reach, read_metadata

ADMIN = Principal(subject="ada", tenant="acme", roles=frozenset({Role.PARTNER_ADMIN}))
OWNER = Principal(subject="kim", tenant="northstar", roles=frozenset({Role.CONTENT_OWNER}))


def misfits(text: str) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(UploadMisfitError) as caught:
        read_metadata(text)
    return {one.loc[2:]: one.msg for one in caught.value.misfits}


def test_every_key_of_a_manifest_is_understood() -> None:
    said = read_metadata(
        json.dumps({
            "uri": "policies/sla.md", "title": " Support  SLA ", "doc_type": "policy",
            "audience": ["partners", "tier:Gold"], "approval": "draft", "product": "Hub",
            "effective_from": "2026-01-01", "effective_to": "2026-12-31", "releases": "4.2",
            "supersedes": ["old.md"], "language": "de-CH", "sensitivity": "internal",
            "review_by": "2026-06-30",
        })
    )  # fmt: skip
    assert said.uri == "policies/sla.md"
    assert said.title == "Support SLA"
    assert said.doc_type is DocType.POLICY
    assert said.audience == ("partners", "tier:gold")
    assert said.effective_to == date(2026, 12, 31)
    assert said.releases == ("4.2",)


@pytest.mark.parametrize("text", [None, "", "  ", "{}"])
def test_nothing_need_be_said(text: str | None) -> None:
    assert read_metadata(text) == UploadKeys()


def test_all_that_is_wrong_is_told_at_once_and_where() -> None:
    found = misfits('{"titel": "x", "doc_type": "polcy", "audience": ["partners", "all"]}')
    assert "did you mean 'title'" in found["titel",]
    assert "did you mean 'policy'" in found["doc_type",]
    assert "unknown audience 'all'" in found["audience", 1]


@pytest.mark.parametrize("state", ["approved", "in_review", "withdrawn", "expired"])
def test_who_uploads_does_not_approve(state: str) -> None:
    told = misfits(json.dumps({"approval": state}))["approval",]
    assert "submit the document, and somebody else approves it" in told
    assert "somebody else" in misfits('{"approved_by": "me"}')["approved_by",]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "well-formed"), ("[]", "not a JSON object"), ("3", "not a JSON object"),
        ('{"title": "a", "title": "b"}', "twice"), ("[" * 50_000, "well-formed"),
        ('{"title": "a\\u0000"}', "cannot be shown"), ('{"title": "\\ud800"}', "cannot be shown"),
        (json.dumps({"product": "x" * 256}), "longer than 255"),
        (json.dumps({"language": "de-" + "-".join(["x"] * 20)}), "longer than 16"),
        (json.dumps({"releases": ["1"] * 101}), "more than 100"),
        (json.dumps({str(one): 1 for one in range(101)}), "more than 100"),
        ('{"effective_from": "2026-02-30"}', "2026-01-31"),
        ('{"effective_from": "2026-02-01", "effective_to": "2026-01-01"}', "swap"),
        ('{"title": null}', "has no value"), ('{"audience": []}', "is empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_in_one_line(text: str, says: str) -> None:
    (message,) = misfits(text).values()
    assert says in message
    assert "\n" not in message


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(sorted(UploadKeys.model_fields)), st.text()),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_whatever_is_said_is_understood_or_refused(values: dict[str, object]) -> None:
    try:
        said = read_metadata(json.dumps(values))
    except UploadMisfitError as error:
        # Each can be told over HTTP.
        for one in error.misfits:
            json.dumps([one.loc, one.msg]).encode()
            str(one.loc).encode()
            one.msg.encode()
    else:
        # And kept, until it is read again.
        kept = json.loads(json.dumps(said.model_dump(mode="json", exclude_none=True)))
        assert UploadKeys.model_validate(kept) == said


def test_who_may_not_publish_to_others_addresses_their_own_people_only() -> None:
    check_reach(ADMIN, frozenset())
    check_reach(ADMIN, frozenset({"internal", "tenant:acme"}))
    for word in ("partners", "tenant:birchwood", "tier:gold", "region:emea"):
        with pytest.raises(ForbiddenError, match="tenant:acme"):
            check_reach(ADMIN, frozenset({"internal", word}))
        check_reach(OWNER, frozenset({word}))
    narrowed = Principal(
        subject="key", tenant="northstar", roles=frozenset({Role.CONTENT_OWNER}),
        scopes=frozenset({Permission.MANAGE_DOCUMENTS}),
    )  # fmt: skip
    with pytest.raises(ForbiddenError):
        check_reach(narrowed, frozenset({"partners"}))


def test_openapi_tells_of_every_key_that_may_be_sent() -> None:
    assert set(METADATA_SCHEMA["properties"]) == set(UploadKeys.model_fields) - {"approved_by"}
