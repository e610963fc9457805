import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import ManifestError
from ingest.manifest import IngestOptions
from ingest.source import SourceFailure, SourceItem, SourceKind, discover, read_derived

HEADER = "id,partner,product,release,opened,closed,subject,description,resolution"
GOOD = "T-1,acme,Order Hub,24.1,2026-01-05,2026-01-09,No orders,Nothing arrives.,Restarted."
NO_OPTIONS = IngestOptions()


def found(
    root: Path, rows: str | bytes, manifest: str = "", *, name: str = "t.csv",
    options: IngestOptions = NO_OPTIONS,
) -> tuple[dict[str, SourceItem], dict[str, str]]:  # fmt: skip
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    if manifest:
        (root / "corpus.yaml").write_text(manifest)
    entries = list(discover([root], options))
    return (
        {entry.uri: entry for entry in entries if isinstance(entry, SourceItem)},
        {entry.uri: entry.error for entry in entries if isinstance(entry, SourceFailure)},
    )


def test_a_row_is_a_document_with_problem_and_resolution(tmp_path: Path) -> None:
    items, failures = found(tmp_path, f"{HEADER}\n{GOOD}\n")

    item = items["t.csv#T-1"]
    parsed = read_derived(item.read())
    assert failures == {}
    assert parsed is not None
    assert parsed.title == "Ticket T-1: No orders"
    assert parsed.text == (
        "Order Hub, release 24.1. Opened 2026-01-05, closed 2026-01-09.\n\n"
        "Problem\n\nNothing arrives.\n\nResolution\n\nRestarted."
    )
    for element in parsed.elements:
        assert parsed.text[element.locator.start : element.locator.end] == element.text
    assert parsed.elements[-1].locator.heading_path == ("Resolution",)
    assert item.kind is SourceKind.ROW
    assert item.metadata.doc_type == "ticket"
    assert (item.metadata.product, item.metadata.releases) == ("Order Hub", ("24.1",))
    assert item.metadata.audience == {"tenant:acme"}


def test_json_lines_are_a_ticket_history_too(tmp_path: Path) -> None:
    row = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {"id": 7, "closed": None}

    items, failures = found(tmp_path, json.dumps(row) + "\n", name="t.jsonl")

    parsed = read_derived(items["t.jsonl#7"].read())
    assert failures == {}
    assert parsed is not None
    assert "Opened 2026-01-05, not closed yet." in parsed.text


@pytest.mark.parametrize(
    "rows",
    [
        f"\ufeff{HEADER}\r\n{GOOD}\r\n".encode(),
        f"{HEADER}\n{GOOD}\n".replace(",", ";").encode(),
        f"{HEADER}\n{GOOD}\n".encode("utf-16"),
        f"\n{HEADER.title()}\n{GOOD}\n\n".encode(),
        f"{HEADER},notes\n{GOOD},do not publish\n".encode(),
        f"{HEADER}\n{GOOD}\n".replace("arrives", "arrivés").encode("cp1252"),
    ],
    ids=["bom", "semicolons", "utf-16", "titled", "more columns", "cp1252"],
)
def test_the_dialects_of_spreadsheets_are_read(tmp_path: Path, rows: bytes) -> None:
    items, failures = found(tmp_path, rows)

    parsed = read_derived(items["t.csv#T-1"].read())
    assert failures == {}
    assert parsed is not None
    assert "Nothing arriv" in parsed.text
    assert "publish" not in parsed.text
    assert "\ufffd" not in parsed.text


@pytest.mark.parametrize(
    ("row", "saying"),
    [
        ("", ""),
        (GOOD.replace("T-1", ""), "has no usable id"),
        (GOOD.replace("T-1", "T 1"), "has no usable id"),
        (GOOD.replace("T-1", "T#1"), "has no usable id"),
        (GOOD.replace("T-1", "T-0"), "the id 'T-0' stands in line 2 too"),
        (GOOD.replace("2026-01-05", "05.01.2026"), "opened is '05.01.2026', not a day"),
        (GOOD.replace("2026-01-05", ""), "opened is '', not a day"),
        (GOOD.replace("2026-01-09", "2026-01-32"), "closed is '2026-01-32', not a day"),
        (GOOD.replace("2026-01-09", "2026-01-01"), "before it was opened"),
        (GOOD + ",more", "has 10 columns, the header has 9"),
        ("T-1,acme,x", "has 3 columns"),
        (GOOD.replace("acme", ""), "the column partner is empty"),
        (GOOD.replace("acme", "Acme GmbH"), "partner 'Acme GmbH' is not a tenant id"),
        (GOOD.replace("Nothing", "No\x00thing"), "holds NUL bytes"),
        (GOOD.replace("Nothing", '"No"thing'), "check its quotes"),
        (GOOD.replace("Nothing", "x" * 200_000), "field larger than field limit"),
        (GOOD.replace("Nothing", "x" * 2_000_000), "columns"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_rest_goes_on(
    tmp_path: Path, row: str, saying: str
) -> None:
    before, after = GOOD.replace("T-1", "T-0"), GOOD.replace("T-1", "T-2")

    items, failures = found(tmp_path, f"{HEADER}\n{before}\n{row}\n{after}\n")

    assert list(items) == ["t.csv#T-0", "t.csv#T-2"]
    assert [saying in error for error in failures.values()] == [True] * bool(row)
    assert all(error.startswith("line 3: ") for error in failures.values())


def test_a_quote_that_is_never_closed_does_not_swallow_the_next_partners_ticket(
    tmp_path: Path,
) -> None:
    rows = (
        f'{HEADER}\nT-1,acme,Hub,,2026-01-05,,S,"never closed,\n'
        'T-2,beta,Hub,,2026-01-05,,S,"secret of beta",fixed\n'
        "T-3,beta,Hub,,2026-01-05,,S,another,fixed\n"
    )

    items, failures = found(tmp_path, rows)

    assert list(items) == ["t.csv#T-3"]
    assert failures["t.csv"].startswith("line 2: is not a row (lines 2 to 3)")


def test_json_lines_that_are_no_rows_are_told(tmp_path: Path) -> None:
    good = json.dumps(dict(zip(HEADER.split(","), GOOD.split(","), strict=True)))
    twice = good[:-1] + ', "partner": "beta"}'
    nul = good.replace("Nothing", "No\\u0000thing").replace("T-1", "T-9")
    lines = [good, "{", "[]", twice, nul, '{"id": "T-5"}', "[" * 10_000]

    items, failures = found(tmp_path, "\n".join(lines), name="t.jsonl")
    _, only = found(tmp_path / "twice", f"{good}\n{twice}\n", name="t.jsonl")

    assert list(items) == ["t.jsonl#T-1"]
    assert failures["t.jsonl"].startswith("line 7: is not a row")
    assert only == {"t.jsonl": "line 2: is not a row: a key stands twice"}


def test_a_file_full_of_bad_rows_is_not_told_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{HEADER}\n" + "x\n" * 5000)

    entries = list(discover([tmp_path], NO_OPTIONS))

    assert len(entries) == 101
    assert isinstance(entries[-1], SourceFailure)
    assert entries[-1].error == "4900 more rows cannot be read"
    assert entries[-1].concerns("t.csv#T-1")
    assert not entries[-1].concerns("t.csvx")


def test_a_row_of_another_partner_in_one_partners_folder_is_refused(tmp_path: Path) -> None:
    manifest = 'documents:\n  - match: "**"\n    audience: ["tenant:acme"]'
    other = GOOD.replace("acme", "beta").replace("T-1", "T-2")

    items, failures = found(tmp_path, f"{HEADER}\n{GOOD}\n{other}\n", manifest)

    assert list(items) == ["t.csv#T-1"]
    assert failures["t.csv#T-2"].startswith("line 3: belongs to the partner 'beta', but ")
    assert "to tenant:acme; move the row" in failures["t.csv#T-2"]


def test_a_default_for_documents_at_large_does_not_open_tickets(tmp_path: Path) -> None:
    rows = f"{HEADER}\n{GOOD}\n"
    open_to_all = IngestOptions(audience=("partners",))

    by_default, _ = found(tmp_path / "a", rows, "defaults: {audience: [partners]}")
    by_option, _ = found(tmp_path / "b", rows, options=open_to_all)
    inside, _ = found(tmp_path / "c", rows, "defaults: {audience: [internal]}")
    by_rule, _ = found(tmp_path / "d", rows, "documents: [{match: t.csv, audience: partners}]")
    unclear, failures = found(tmp_path / "e", rows, "defaults: {audience: ['tier:gold']}")

    assert by_default["t.csv#T-1"].metadata.audience == {"tenant:acme"}
    assert by_option["t.csv#T-1"].metadata.audience == {"tenant:acme"}
    assert inside["t.csv#T-1"].metadata.audience == {"internal"}
    assert by_rule["t.csv#T-1"].metadata.audience == {"partners"}
    assert unclear == {}
    assert "say in a rule" in failures["t.csv#T-1"]


def test_a_rule_decides_the_kind_of_document_and_a_default_does_not(tmp_path: Path) -> None:
    rows = f"{HEADER}\n{GOOD}\n"

    by_default, _ = found(tmp_path / "a", rows, "defaults: {doc_type: policy}")
    by_rule, _ = found(tmp_path / "b", rows, "documents: [{match: '*.csv', doc_type: faq}]")

    assert by_default["t.csv#T-1"].metadata.doc_type == "ticket"
    assert by_rule["t.csv#T-1"].metadata.doc_type == "faq"


def test_a_table_that_is_nearly_a_ticket_history_is_not_read_as_a_table(tmp_path: Path) -> None:
    items, failures = found(tmp_path, f"{HEADER.replace('resolution', 'solved')}\n{GOOD}\n")

    assert items == {}
    assert "has no column resolution" in failures["t.csv"]


LEAN = {
    "id": "T-7", "partner": "acme", "opened": "2026-01-05", "subject": "No orders",
    "description": "Nothing arrives.",
}  # fmt: skip
OTHERS = {**LEAN, "id": "T-8", "partner": "beta", "description": "secret of beta"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", f"sep=,\n{HEADER}\n{GOOD}\n".encode()),
        ("t.csv", f"sep=;\r\n{HEADER}\r\n{GOOD}\r\n".replace(",", ";").encode()),
        ("t.csv", f"sep=^\n{HEADER}\n{GOOD}\n".replace(",", "^").encode()),
        ("t.csv", f"Tickets of all partners\n\nas of May,,\n{HEADER}\n{GOOD}\n".encode()),
        ("t.csv", f'"A title, over\ntwo lines"\n{HEADER}\n{GOOD}\n'.encode()),
        ("t.csv", f"{HEADER}\n{GOOD}\n".encode("utf-16-le")),
        ("t.csv", f"{HEADER}\n{GOOD}\n".encode("utf-32")),
        ("t.tab", f"{HEADER}\n{GOOD}\n".replace(",", "\t").encode()),
        ("t.jsonl", f"{json.dumps(LEAN)}\n{json.dumps(OTHERS)}\n".encode()),
        ("t.jsonl", ('{"exported": 1}\n' * 150 + json.dumps(LEAN)).encode()),
        ("t.jsonl", json.dumps([LEAN, OTHERS]).encode()),
        ("t.json", json.dumps([LEAN, OTHERS], indent=2).encode()),
        ("t.json", f"{json.dumps(LEAN)}\n{json.dumps(OTHERS)}\n".encode()),
        ("t.json", json.dumps(LEAN, indent=2).encode()),
        ("t.json", json.dumps([{"exported": 1}, LEAN]).encode("utf-16")),
    ],
)
def test_however_a_ticket_history_is_written_each_row_is_its_partners(
    tmp_path: Path, name: str, content: bytes
) -> None:
    items, _ = found(tmp_path, content, "defaults: {audience: [partners]}", name=name)

    assert f"{name}#T-1" in items or f"{name}#T-7" in items
    for item in items.values():
        assert item.kind is SourceKind.ROW
        assert len(item.metadata.audience) == 1
        assert item.metadata.audience <= {"tenant:acme", "tenant:beta"}


@pytest.mark.parametrize(
    ("name", "content", "saying"),
    [
        ("t.csv", "id,partner,subject\n1,acme,x\n", "has no column closed, description"),
        ("t.csv", 'id,partner,"opened\non",description\n1,acme,x,y\n', "has no column closed"),
        ("t.jsonl", '{"id": 1, "partner": "acme", "subject": "x"}', "has no column opened"),
        ("t.json", json.dumps({"tickets": [LEAN, OTHERS]}), "tickets inside"),
        ("t.json", json.dumps([[LEAN], [OTHERS]]), "tickets inside"),
        ("t.json", json.dumps([LEAN])[:-2] + ', "ID": 2}]', "a key stands twice"),
    ],
)
def test_what_is_nearly_a_ticket_history_is_refused_and_never_shown_as_a_text(
    tmp_path: Path, name: str, content: str, saying: str
) -> None:
    items, failures = found(tmp_path, content, name=name)

    assert items == {}
    assert saying in failures[name]
    assert "\n" not in failures[name]


def test_an_entry_of_a_list_that_is_no_ticket_is_told_with_its_number(tmp_path: Path) -> None:
    rows = [LEAN, {**LEAN, "id": "T-9", "opened": "soon"}, "x", LEAN]

    items, failures = found(tmp_path, json.dumps(rows), name="t.json")
    _, bad = found(tmp_path / "bad", json.dumps(rows[:3]), name="t.json")

    assert list(items) == ["t.json#T-7"]
    assert failures["t.json#T-9"].startswith("entry 2: opened is 'soon', not a day")
    assert failures["t.json#T-7"] == "entry 4: the id 'T-7' stands in entry 1 too"
    assert bad["t.json"] == "entry 3: is not a row: it is not an object"


@pytest.mark.parametrize(
    "content",
    [
        {"id": 1, "partner": "acme"},
        {"properties": {"id": {"type": "string"}, "partner": {}, "subject": {}}},
        [{"id": 1, "name": "the partner"}],
        "a partner",
    ],
)
def test_any_other_json_is_a_file(tmp_path: Path, content: object) -> None:
    items, failures = found(tmp_path, json.dumps(content), name="t.json")

    assert [item.kind for item in items.values()] == [SourceKind.FILE]
    assert failures == {}


def test_any_other_table_is_a_file(tmp_path: Path) -> None:
    items, failures = found(tmp_path, "id,name\n1,x\n")

    assert items["t.csv"].kind is SourceKind.FILE
    assert failures == {}


def test_only_the_changed_row_changes(tmp_path: Path) -> None:
    other = GOOD.replace("T-1", "T-2")
    before, _ = found(tmp_path, f"{HEADER}\n{GOOD}\n{other}\n")
    after, _ = found(
        tmp_path, f"{HEADER}\n{other.replace('Restarted', 'Replaced')}\n{GOOD}\n".encode("utf-16")
    )

    assert before["t.csv#T-1"].fingerprint == after["t.csv#T-1"].fingerprint
    assert before["t.csv#T-2"].fingerprint != after["t.csv#T-2"].fingerprint


def test_bytes_of_a_file_are_no_row() -> None:
    assert read_derived(b"# A page") is None
    assert read_derived(b'{"copilot_ticket": 1}') is None


_AUDIENCE = st.sampled_from(
    ["partners", "internal", "tenant:acme", "tenant:beta", "tier:gold", "region:emea"]
)


@settings(max_examples=40, deadline=None)
@given(
    default=st.lists(_AUDIENCE, max_size=3, unique=True),
    option=st.lists(_AUDIENCE, max_size=2, unique=True),
    partner=st.sampled_from(["acme", "beta", "gamma"]),
)
def test_without_a_rule_no_ticket_is_open_to_more_than_its_partner(
    tmp_path_factory: pytest.TempPathFactory, default: list[str], option: list[str], partner: str
) -> None:
    root = tmp_path_factory.mktemp("tickets")
    manifest = f"defaults: {{audience: {json.dumps(default)}}}" if default else ""

    items, _ = found(
        root, f"{HEADER}\n{GOOD.replace('acme', partner)}\n", manifest,
        options=IngestOptions(audience=tuple(option)),
    )  # fmt: skip

    for item in items.values():
        assert item.metadata.audience <= {f"tenant:{partner}", "internal"}


def test_an_audience_that_is_none_is_refused_before_any_row(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="line 1"):
        found(tmp_path, f"{HEADER}\n{GOOD}\n", "defaults: {audience: everybody}")
