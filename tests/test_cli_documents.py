"""`documents` on the command line, in this process: one after another, as its owner works."""

import json
from pathlib import Path
from typing import Any

import pytest

import cli

MANIFEST = "owner: northstar\ndefaults: {audience: [partners]}\n"


class Console:
    """The command line over one data folder."""

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.corpus.mkdir()
        (self.corpus / "corpus.yaml").write_text(MANIFEST)
        self._data = str(folder / "data")
        self.capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str, code: int = 0) -> str:
        done = cli.main([*arguments, "--data-dir", self._data])
        told = self.capsys.readouterr()
        assert done == code, told.err
        if code:
            assert told.err.count("\n") == 1
            return told.err
        return told.out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def write(self, name: str, text: str, front: str = "") -> str:
        (self.corpus / f"{name}.md").write_text(f"---\ntitle: {name}\n{front}---\n\n{text}\n")
        self.run("ingest", str(self.corpus), "--json")
        listed = self.run("documents", "list", "--json").splitlines()
        return next(one["id"] for one in map(json.loads, listed) if one["uri"] == f"{name}.md")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Console:
    return Console(tmp_path_factory.mktemp("console"))


@pytest.fixture
def console(opened: Console, capsys: pytest.CaptureFixture[str]) -> Console:
    opened.capsys = capsys
    return opened


def test_a_document_from_draft_to_deletion(console: Console) -> None:
    document = console.write("tulips", "A tulip costs four crowns.\n\nIt is red.")
    console.run("documents", "submit", document, "--as", "olga", "--note", "please")
    refused = console.run("documents", "approve", document, "--as", "olga", code=1)
    assert "somebody else has to approve it" in refused
    approved = console.json("documents", "approve", document, "--as", "peter")
    assert (approved["state"], approved["version"]) == ("approved", 1)
    console.write("tulips", "A tulip costs five crowns.\n\nIt is red.")
    told = console.run("documents", "diff", document)
    assert "- A tulip costs four crowns." in told
    assert "+ A tulip costs five crowns." in told
    assert console.json("documents", "diff", document, "--from", "2", "--to", "1")["added"] == 1
    assert "four crowns" in console.run("documents", "text", document, "--version", "1")
    console.run("documents", "submit", document, "--as", "peter")
    assert "somebody else" in console.run("documents", "approve", document, "--as", "peter", code=1)

    answer = console.json("ask", "What does a tulip cost?", "--tenant", "acme")
    cited = console.json("documents", "cited", document, "--version", "1")
    assert [one["id"] for one in cited["newest"]] == [answer["id"]]
    assert console.json("documents", "cited", document, "--version", "2")["total"] == 0
    withdrawn = console.run("documents", "withdraw", document)
    assert answer["id"] in withdrawn
    assert "1 outcomes cite it" in withdrawn
    shown = json.loads(console.run("documents", "show", document))
    assert [one["to_state"] for one in shown["steps"]] == [
        "in_review", "approved", "in_review", "withdrawn", "withdrawn",
    ]  # fmt: skip
    assert shown["steps"][-1]["by"] == "command line"

    proof = console.json("documents", "delete", document)
    assert (proof["state"], proof["versions"]) == ("deleted", 2)
    assert set(proof["remaining"].values()) == {0}
    assert proof["removed"]["quotes"] == 1
    assert "no document" in console.run("documents", "delete", document, code=1)


def test_the_console_is_not_bound_and_says_so(console: Console) -> None:
    document = console.write("roses", "A rose costs six crowns.")
    refused = console.run("documents", "approve", document, "--as", "olga", code=1)
    assert "submit it for review first" in refused
    console.run("documents", "approve", document)
    [step] = json.loads(console.run("documents", "show", document))["steps"]
    assert (step["four_eyes"], step["by"]) == ("console", "command line")


def test_what_is_due_is_listed(console: Console) -> None:
    document = console.write(
        "elms", "An elm is ill.", "approval: approved\nreview_by: 2020-01-31\n"
    )
    assert f"{document}  approved" in console.run("documents", "list", "--due")
    assert "review by 2020-01-31" in console.run("documents", "list", "--due")
    [due] = console.run("documents", "list", "--due", "--json").splitlines()
    assert json.loads(due)["review_due"] is True
    console.run("documents", "approve", document, "--review-by", "2999-01-31", "--note", "checked")
    assert console.run("documents", "list", "--due") == "0 documents\n"


def test_a_proof_is_told_in_words(console: Console) -> None:
    document = console.write("ferns", "A fern is green.")
    told = console.run("documents", "delete", document, "--as", "olga")
    assert told.startswith("ferns.md is deleted\n")
    assert "0 points in the index" in told
    assert "could not be retrieved after" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("documents", "diff"), "needs an ID"),
        (("documents", "cited"), "needs an ID"),
        (("documents", "submit", "doc_x", "--as", " "), "--as takes the name"),
        (("documents", "submit", "doc_x", "--review-by", "2027-01-01"), "goes with"),
        (("documents", "text", "doc_x", "--version", "0"), "must be 1 or more"),
    ],
)
def test_bad_usage_says_what_is_wrong(
    console: Console, arguments: tuple[str, ...], says: str
) -> None:
    try:
        code: object = cli.main([*arguments])
    except SystemExit as left:
        code = left.code
    assert code == 2
    assert says in console.capsys.readouterr().err
