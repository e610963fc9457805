import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.document import DocumentMetadata, Sensitivity
from ingest.fingerprints import fingerprint
from ingest.manifest import IngestOptions
from ingest.source import SourceItem, discover

PAGE = "# G\nUse [!INCLUDE[p](includes/name.md)] here.\n"
CORPUS = {
    "corpus.yaml": "owner: n\ndefaults: {audience: [partners]}",
    "guide.md": PAGE,
    "plain.md": "# P",
    "data.csv": "a,b\n1,2\n",
    "includes/name.md": "Hub [!INCLUDE[v](deep/version.md)]",
    "includes/deep/version.md": "24.1",
}


def written(root: Path, changes: dict[str, str | None]) -> dict[str, str]:
    for name, content in {**CORPUS, **changes}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(content)
    return {
        item.uri: item.fingerprint
        for item in discover([root], IngestOptions())
        if isinstance(item, SourceItem)
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({}, set()),
        ({"guide.md": PAGE + "\n"}, {"guide.md"}),
        ({"plain.md": "# Q"}, {"plain.md"}),
        ({"data.csv": "a,b\n1,3\n"}, {"data.csv"}),
        ({"includes/name.md": "Hub2"}, {"guide.md"}),
        ({"includes/deep/version.md": "24.2"}, {"guide.md"}),
        ({"includes/deep/version.md": None}, {"guide.md"}),
        ({"corpus.yaml": "# said anew\ndefaults: {audience: [partners]}\nowner: n"}, set()),
        (
            {"corpus.yaml": "owner: n\ndefaults: {audience: [internal]}"},
            {"guide.md", "plain.md", "data.csv"},
        ),
        (
            {
                "corpus.yaml": CORPUS["corpus.yaml"]
                + "\ndocuments: [{match: plain.md, product: Hub}]"
            },
            {"plain.md"},
        ),
    ],
)
def test_a_document_changes_with_its_bytes_its_snippets_and_its_metadata_only(
    root: Path, changes: dict[str, str | None], changed: set[str]
) -> None:
    before, after = written(root, {}), written(root, changes)

    assert {uri for uri in before if before[uri] != after[uri]} == changed


def test_time_and_place_do_not_matter(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one", {}), written(tmp_path / "two", {})
    for path in (tmp_path / "one").rglob("*.md"):
        os.utime(path, (1, 1))

    assert one == two == written(tmp_path / "one", {})


def test_bringing_a_folder_under_a_manifest_changes_its_pages(tmp_path: Path) -> None:
    managed = written(tmp_path, {"corpus.yaml": "owner: vendor"})
    (tmp_path / "corpus.yaml").unlink()

    assert managed["plain.md"] != written(tmp_path, {"corpus.yaml": None})["plain.md"]


def test_includes_in_a_ring_or_out_of_the_folder_end(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("one")
    changes: dict[str, str | None] = {
        "guide.md": "[!INCLUDE[a](a.md)] [!INCLUDE[x](../secret.md)] [!INCLUDE[x](/etc/passwd)]",
        "a.md": "[!INCLUDE[b](b.md)]",
        "b.md": "[!INCLUDE[a](a.md)]",
    }
    before = written(tmp_path / "root", changes)
    (tmp_path / "secret.md").write_text("two")

    assert written(tmp_path / "root", changes) == before


_METADATA = st.builds(
    DocumentMetadata,
    title=st.sampled_from(["", "a"]),
    audience=st.frozensets(st.sampled_from(["internal", "partners", "tenant:a"]), min_size=1),
    product=st.sampled_from(["", "a"]),
    releases=st.lists(st.sampled_from(["1", "2"]), max_size=2).map(tuple),
    effective_from=st.none() | st.dates(),
    review_by=st.none() | st.dates(),
    sensitivity=st.sampled_from(Sensitivity),
)


@settings(max_examples=200)
@given(one=_METADATA, other=_METADATA, content=st.sampled_from("ab"), managed=st.booleans())
def test_a_fingerprint_is_the_same_exactly_when_everything_is(
    *, one: DocumentMetadata, other: DocumentMetadata, content: str, managed: bool
) -> None:
    mine = fingerprint("a", one, managed=True)
    theirs = fingerprint(content, other, managed=managed)

    assert (mine == theirs) == (one == other and content == "a" and managed)
    assert mine == fingerprint("a", replace(one), managed=True)
