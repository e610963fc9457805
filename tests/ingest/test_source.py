import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.document import ApprovalState, DocType
from ingest.errors import ManifestError, SourceError
from ingest.manifest import IngestOptions
from ingest.names import shown, uri_of
from ingest.source import Corpus, SourceFailure, SourceItem, SourceKind, discover

NO_OPTIONS = IngestOptions()


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def items(corpus: Corpus) -> dict[str, SourceItem]:
    return {found.uri: found for found in corpus if isinstance(found, SourceItem)}


def failures(corpus: Corpus) -> dict[str, str]:
    return {found.uri: found.error for found in corpus if isinstance(found, SourceFailure)}


def skipped(corpus: Corpus) -> dict[str, str]:
    return {entry.uri: entry.reason for entry in corpus.skipped}


def test_a_document_is_named_by_its_path_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {"a/b c.md": "# x", "d.txt": "y"})

    found = items(discover([tmp_path], NO_OPTIONS))

    assert list(found) == ["a/b c.md", "d.txt"]
    assert found["d.txt"].read() == b"y"
    assert found["d.txt"].kind is SourceKind.FILE
    assert found["d.txt"].tenant == "vendor"


def test_without_a_manifest_the_options_apply(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "x"})
    options = IngestOptions(
        tenant="acme",
        audience=("tier:Gold",),
        doc_type=DocType.FAQ,
        approval=ApprovalState.APPROVED,
    )

    item = items(discover([tmp_path], options))["a.md"]

    assert (item.tenant, item.metadata.audience) == ("acme", {"tier:gold"})
    assert (item.metadata.doc_type, item.metadata.approval) == ("faq", "approved")
    with pytest.raises(ManifestError, match="--audience: unknown audience 'everybody'"):
        discover([tmp_path], IngestOptions(audience=("everybody",)))
    with pytest.raises(ManifestError, match="--tenant: 'a/b' is not a tenant id"):
        discover([tmp_path], IngestOptions(tenant="a/b"))


def test_one_file_is_named_by_its_name_under_the_manifest_next_to_it(tmp_path: Path) -> None:
    write(tmp_path, {"corpus.yaml": "owner: acme", "a.md": "x", "b.md": "y"})

    found = items(discover([tmp_path / "a.md"], NO_OPTIONS))

    assert list(found) == ["a.md"]
    assert found["a.md"].tenant == "acme"


def test_what_is_no_document_is_left_out_with_its_reason(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "corpus.yaml": "owner: n",
            "cases.jsonl": "{}",
            "README.md": "about",
            "guides/README.md": "a page",
            ".git/config": "x",
            ".hidden.md": "x",
            "~$plan.docx": "x",
            "plan.md~": "x",
            "plan.md.bak": "x",
            "#plan.md#": "x",
        },
    )

    corpus = discover([tmp_path], NO_OPTIONS)

    assert list(items(corpus)) == ["guides/README.md"]
    assert failures(corpus) == {}
    assert skipped(corpus)["README.md"] == "about the corpus, not of it"
    assert skipped(corpus)[".git"] == "hidden"
    assert len(corpus.skipped) == 9


def test_a_readme_of_a_folder_without_a_manifest_is_a_document(tmp_path: Path) -> None:
    assert list(items(discover([write(tmp_path, {"README.md": "x"})], NO_OPTIONS))) == ["README.md"]


def test_kinds_that_are_not_read_are_counted_and_no_failure(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.png": b"\x89PNG",
            "b.PNG": b"\x89PNG",
            "c.zip": b"PK\x03\x04abc",
            "Makefile": "all:",
            "manual": b"%PDF-1.7",
            "page": "<!DOCTYPE html><p>x",
            "report.dat": b"PK\x03\x04....[Content_Types].xml",
            "old.doc": b"\xd0\xcf",
        },
    )

    corpus = discover([tmp_path], NO_OPTIONS)

    assert corpus.unsupported == {".png": 2, ".zip": 1, "without suffix": 1}
    assert list(items(corpus)) == ["manual", "old.doc", "page", "report.dat"]
    assert failures(corpus) == {}


def test_links_are_followed_to_files_inside_the_folder_only(tmp_path: Path) -> None:
    root = write(tmp_path / "root", {"a.md": "x", "sub/b.md": "y"})
    write(tmp_path, {"secret.md": "z"})
    (root / "inside.md").symlink_to(root / "a.md")
    (root / "outside.md").symlink_to(tmp_path / "secret.md")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path)
    (root / "nowhere.md").symlink_to(root / "gone.md")

    corpus = discover([root], NO_OPTIONS)

    assert list(items(corpus)) == ["a.md", "inside.md", "sub/b.md"]
    assert skipped(corpus) == {
        "loop": "a link to a folder, which is read in its own place",
        "nowhere.md": "a link that leads nowhere",
        "out": "a link that leads out of the folder",
        "outside.md": "a link that leads out of the folder",
    }


def test_pipes_and_sockets_are_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.md")

        corpus = discover([tmp_path], NO_OPTIONS)

    assert items(corpus) == {}
    assert set(skipped(corpus)) == {"pipe.md", "socket.md"}


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        (b"a\nb.md", "a\\x0ab.md"),
        (b"a\x1b[2J.md", "a\\x1b[2J.md"),
        ("a\u202etxt.md".encode(), "a\\u202etxt.md"),
        (b"a\xff.md", "a\\xff.md"),
    ],
)
def test_a_name_that_cannot_be_a_uri_is_refused_and_shown_escaped(
    tmp_path: Path, name: bytes, escaped: str
) -> None:
    (tmp_path / os.fsdecode(name)).write_text("x")
    write(tmp_path, {"good.md": "x"})

    corpus = discover([tmp_path], NO_OPTIONS)

    assert list(items(corpus)) == ["good.md"]
    assert list(failures(corpus)) == [escaped]
    assert failures(corpus)[escaped].endswith("rename it")


def test_the_longest_name_is_a_good_name(tmp_path: Path) -> None:
    name = "ä" * 126 + ".md"

    assert list(items(discover([write(tmp_path, {name: "x"})], NO_OPTIONS))) == [name]


def test_two_spellings_of_one_name_are_both_refused(tmp_path: Path) -> None:
    write(tmp_path, {"caf\u00e9.md": "x", "cafe\u0301.md": "y"})

    corpus = discover([tmp_path], NO_OPTIONS)

    assert items(corpus) == {}
    assert "another spelling" in failures(corpus)["caf\u00e9.md"]


def test_a_decomposed_name_becomes_composed(tmp_path: Path) -> None:
    found = items(discover([write(tmp_path, {"cafe\u0301.md": "y"})], NO_OPTIONS))

    assert list(found) == ["caf\u00e9.md"]
    assert found["caf\u00e9.md"].read() == b"y"


def test_a_file_over_the_limit_is_told_and_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.txt").open("wb") as file:
        file.truncate(200 * 1024 * 1024)

    corpus = discover([tmp_path], NO_OPTIONS)

    assert failures(corpus) == {
        "big.txt": "is 200 MB, more than the 100 MB that are read: split it"
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"closed.md": "x"})
    (tmp_path / "closed.md").chmod(0)

    assert "cannot be read" in failures(discover([tmp_path], NO_OPTIONS))["closed.md"]


def test_paths_that_would_share_a_uri_are_refused_by_name(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", {"a.md": "x"}), write(tmp_path / "two", {"a.md": "y"})

    with pytest.raises(
        SourceError, match=r"one/a\.md and .*two/a\.md would both be called 'a\.md'"
    ):
        discover([one, two], NO_OPTIONS)

    write(two, {"corpus.yaml": "owner: other"})
    assert len(list(discover([one, two], NO_OPTIONS))) == 2


def test_paths_that_overlap_or_do_not_exist_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"a/b.md": "x"})

    with pytest.raises(SourceError, match="lies inside"):
        discover([tmp_path, tmp_path / "a"], NO_OPTIONS)
    with pytest.raises(SourceError, match=r"no such file or folder: .*gone"):
        discover([tmp_path / "gone"], NO_OPTIONS)
    assert len(list(discover([tmp_path, tmp_path / "a" / ".."], NO_OPTIONS))) == 1


def test_a_rule_that_matches_nothing_is_mentioned(tmp_path: Path) -> None:
    write(tmp_path, {"corpus.yaml": "documents:\n  - match: policys/**", "policies/a.md": "x"})

    (warning,) = discover([tmp_path], NO_OPTIONS).warnings

    assert warning.endswith("corpus.yaml line 2: 'policys/**' matches no document")


def test_contradicting_metadata_refuses_only_its_document(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "corpus.yaml": "defaults: {effective_to: 2026-01-01}\n"
            "documents: [{match: b.md, effective_from: 2026-02-01}]",
            "a.md": "x",
            "b.md": "x",
        },
    )

    corpus = discover([tmp_path], NO_OPTIONS)

    assert list(items(corpus)) == ["a.md"]
    assert "is after" in failures(corpus)["b.md"]


def test_a_page_describes_itself_when_it_is_read(tmp_path: Path) -> None:
    page = "---\ntitle: T\naudience: [partners]\n---\n"
    write(tmp_path / "managed", {"corpus.yaml": "owner: n", "a.md": page})
    write(tmp_path / "wild", {"a.md": page, "b.txt": page})

    managed = items(discover([tmp_path / "managed"], NO_OPTIONS))["a.md"]
    wild = items(discover([tmp_path / "wild"], NO_OPTIONS))

    assert managed.described(managed.read()).audience == {"partners"}
    assert wild["a.md"].described(page.encode()).audience == {"internal"}
    assert wild["a.md"].described(page.encode()).title == "T"
    assert wild["b.txt"].described(page.encode()).title == ""


def test_a_file_that_vanishes_before_it_is_read_is_told(tmp_path: Path) -> None:
    item = items(discover([write(tmp_path, {"a.md": "x"})], NO_OPTIONS))["a.md"]
    (tmp_path / "a.md").unlink()

    with pytest.raises(SourceError, match="cannot be read: No such file"):
        item.read()


def test_a_snippet_that_pages_include_is_no_document(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "guide.md": "# G\n[!INCLUDE[p](parts/name.md)]\n[!include [x](../guide.md)]",
            "parts/name.md": "Hub [!INCLUDE[v](version.md)]",
            "parts/version.md": "24.1",
            "parts/page.md": "A page that stands next to snippets.",
        },
    )

    corpus = discover([tmp_path], NO_OPTIONS)

    assert list(items(corpus)) == ["guide.md", "parts/page.md"]
    assert set(skipped(corpus)) == {"parts/name.md", "parts/version.md"}


def test_unused_snippets_lie_among_used_ones_in_a_folder_called_includes(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "guide.md": "[!INCLUDE[p](includes/a.md)]",
            "includes/a.md": "x",
            "includes/deep/unused.md": "y",
            "other/includes/plain.md": "A folder where nobody includes anything.",
        },
    )

    assert list(items(discover([tmp_path], NO_OPTIONS))) == [
        "guide.md",
        "other/includes/plain.md",
    ]


def test_pages_stay_documents_though_something_includes_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "titled.md": "---\nauthor: x\ntitle: A page of its own\n---\ntext",
            "all.md": "[!INCLUDE[t](titled.md)]",
            "ring-a.md": "[!INCLUDE[b](ring-b.md)]",
            "ring-b.md": "[!INCLUDE[a](ring-a.md)]",
            "self.md": "[!INCLUDE[s](self.md)]",
            "how-to.md": "Write\n```\n[!INCLUDE[x](shown.md)]\n```\nor `[!INCLUDE[x](shown.md)]`.",
            "shown.md": "text",
        },
    )

    assert set(items(discover([tmp_path], NO_OPTIONS))) == {
        "titled.md", "all.md", "ring-a.md", "ring-b.md", "self.md", "how-to.md", "shown.md",
    }  # fmt: skip


@given(text=st.text(st.characters(), max_size=60))
def test_a_name_is_shown_in_one_printable_line_or_is_a_stable_uri(text: str) -> None:
    printed = shown(text)
    assert len(printed.splitlines()) <= 1
    printed.encode("utf-8")
    try:
        uri = uri_of(text)
    except SourceError:
        return
    assert uri_of(uri) == uri
    assert shown(uri) == uri


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("order")


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(["a.md", "b/c.md", "b.md", "Z.txt", "b/a/x.md", "ä.md"]))
def test_the_order_in_which_files_were_written_does_not_matter(
    folder: Path, order: list[str]
) -> None:
    root = folder / str(abs(hash(tuple(order))))
    if not root.exists():
        for name in order:
            write(root, {name: f"text of {name}"})

    found = items(discover([root], NO_OPTIONS))

    assert list(found) == ["Z.txt", "a.md", "b.md", "b/a/x.md", "b/c.md", "ä.md"]
    assert len({item.fingerprint for item in found.values()}) == 6


def test_published_documentation_is_found_whole() -> None:
    shared = Path(os.environ.get("COPILOT_SHARED_DATA", "../shared/data"))
    docs = shared / "business_central" / "docs"
    if not docs.is_dir():
        pytest.skip("the shared data is not there; set COPILOT_SHARED_DATA to its folder")

    corpus = discover([docs], NO_OPTIONS)
    found = items(corpus)

    assert failures(corpus) == {}
    assert len(found) + len(corpus.skipped) == sum(1 for path in docs.rglob("*") if path.is_file())
    assert not any("includes/" in uri for uri in found)
    titled = [item for item in found.values() if item.described(item.read()).title]
    assert len(titled) >= 0.99 * len(found)
