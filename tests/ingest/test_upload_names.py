"""Whatever a sender calls a file, it becomes one harmless segment of a URI."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.names import shown, uri_of
from ingest.upload_form import UploadMisfitError
from ingest.upload_names import LONGEST_URI, UPLOADS, named_uri, refuse_manifest, uploaded_uri

DEVICES = {"con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9"}
SEPARATORS = st.sampled_from(["/", "\\", "..", "../", "..\\", ".", "\x00", "%2e%2e%2f", "C:", "~"])
NAMES = st.lists(st.one_of(st.text(), SEPARATORS, st.sampled_from(sorted(DEVICES)))).map("".join)


@given(NAMES)
@example("../../etc/passwd")
@example("..\\..\\windows\\system32\\config")
@example("report.pdf\x00.exe")
@example("/" * 5000)
@example("x" * 100_000 + ".pdf")
@example("NUL.pdf")
@example("\u202efdp.exe")
@example("\uff0e\uff0e\uff0fetc\uff0fpasswd")
@example("a\u0338.md")
@example("..")
@example("")
@example("tickets.csv#7.md")
def test_a_name_becomes_one_segment_that_means_nothing_to_anybody(name: str) -> None:
    uri = uploaded_uri(name)
    segment = uri.removeprefix(UPLOADS)
    assert uri == UPLOADS + segment
    assert segment
    assert not set(segment) & set('/\\<>:"|?*#%\x00 \t\n')
    assert not segment.startswith(".")
    assert not segment.endswith((".", " "))
    assert len(segment) <= 120
    assert segment.partition(".")[0].casefold() not in DEVICES
    assert unicodedata.is_normalized("NFC", segment)
    assert not any(unicodedata.category(one)[0] == "C" for one in segment)
    # It is a URI as any other, can be shown as it is, and is its own name.
    assert uri_of(uri) == uri
    assert shown(uri) == uri
    assert uploaded_uri(segment) == uri
    assert named_uri(uri) == uri


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("Support SLA (v2).docx", "uploads/Support-SLA-(v2).docx"),
        ("C:\\Users\\kim\\price list.xlsx", "uploads/price-list.xlsx"),
        ("../../policies/sla.md", "uploads/sla.md"),
        (".htaccess", "uploads/htaccess"),
        ("nul.pdf", "uploads/_nul.pdf"),
        ("Überblick.pdf", "uploads/Überblick.pdf"),
        ("U\u0308berblick.pdf", "uploads/Überblick.pdf"),
        ("报告.pdf", "uploads/报告.pdf"),
        ("x" * 300 + ".jsonl", "uploads/" + "x" * 114 + ".jsonl"),
        ("", "uploads/unnamed"),
    ],
)
def test_it_still_reads_like_the_name(name: str, uri: str) -> None:
    assert uploaded_uri(name) == uri


@pytest.mark.parametrize("uri", ["policies/sla.md", "a.md", "Über uns/Preise 2026.pdf", "a/b/c"])
def test_a_chosen_uri_is_taken_as_it_is(uri: str) -> None:
    assert named_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "", "/a.md", "a//b.md", "../a.md", "a/../b.md", "./a.md", "a/.", "a\\b.md", "a#1",
        "https://x/y.md", "a\x00.md", "a\n.md", "\u202ea.md", " a.md", "a /b.md", "\ud800",
        "a" * (LONGEST_URI + 1),
    ],
)  # fmt: skip
def test_a_chosen_uri_that_cannot_be_one_is_refused_where_it_stands(uri: str) -> None:
    with pytest.raises(UploadMisfitError) as caught:
        named_uri(uri)
    assert [one.loc for one in caught.value.misfits] == [("body", "metadata", "uri")]


@pytest.mark.parametrize("uri", ["corpus.yaml", "uploads/corpus.yaml", "a/CORPUS.YAML"])
def test_a_manifest_is_no_document(uri: str) -> None:
    with pytest.raises(UploadMisfitError, match="field `metadata`"):
        refuse_manifest(uri, ("body", "file", 0))
