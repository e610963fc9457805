import json
import subprocess
import sys
import zipfile
from pathlib import Path

import langchain_community.document_loaders as available
import pytest

from ingest.errors import ManifestError
from ingest.loader_rules import LOADERS, NETWORK_LOADERS
from ingest.manifest import IngestOptions
from ingest.source import Corpus, SourceFailure, SourceItem, SourceKind, discover, read_derived


def corpus(root: Path, loader: str, arguments: dict[str, object], more: str = "") -> Corpus:
    source = f"{{loader: {loader}, arguments: {json.dumps(arguments)}, uri_prefix: wiki/{more}}}"
    (root / "corpus.yaml").write_text(f"owner: n\nsources:\n  - {source}\n")
    return discover([root], IngestOptions())


def items(found: Corpus) -> dict[str, SourceItem]:
    return {item.uri: item for item in found if isinstance(item, SourceItem)}


def failures(found: Corpus) -> list[SourceFailure]:
    return [item for item in found if isinstance(item, SourceFailure)]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "export/team").mkdir(parents=True)
    (tmp_path / "export/team/Plan.md").write_text("# Plan\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    (tmp_path / "export/Home.md").write_text("---\naudience: [internal]\n---\nWelcome")
    (tmp_path / "table.csv").write_text("name,price\nHub,10\nBox,20\n")
    return tmp_path


def test_a_loader_is_a_source_with_metadata_of_its_own(export: Path) -> None:
    found = corpus(
        export, "NotionDirectoryLoader", {"path": "export"}, ", audience: [partners], product: Hub"
    )

    plan = items(found)["wiki/team/Plan.md"]
    parsed = read_derived(plan.read())
    assert (plan.kind, plan.tenant) == (SourceKind.LOADED, "n")
    assert (plan.metadata.audience, plan.metadata.product) == ({"partners"}, "Hub")
    assert parsed is not None
    assert parsed.title == "Plan"
    assert "| a | b |" in parsed.text
    assert str(export).encode() not in plan.read()


def test_what_a_loader_reads_is_no_document_of_its_own_too(export: Path) -> None:
    found = corpus(export, "NotionDirectoryLoader", {"path": "export"})

    assert set(items(found)) == {"table.csv", "wiki/Home.md", "wiki/team/Plan.md"}


def test_a_loaded_page_may_close_itself(export: Path) -> None:
    found = corpus(export, "NotionDirectoryLoader", {"path": "export"}, ", audience: [partners]")

    assert items(found)["wiki/Home.md"].metadata.audience == {"internal"}


def test_rows_of_a_loader_have_names_of_their_own(export: Path) -> None:
    found = items(corpus(export, "CSVLoader", {"file_path": "table.csv"}))

    assert {"wiki/table.csv#row=0", "wiki/table.csv#row=1"} <= set(found)
    assert read_derived(found["wiki/table.csv#row=1"].read()).text == "name: Box\nprice: 20"  # type: ignore[union-attr]


def test_loading_twice_gives_the_same_fingerprints(export: Path) -> None:
    def prints() -> dict[str, str]:
        found = corpus(export, "NotionDirectoryLoader", {"path": "export"})
        return {uri: item.fingerprint for uri, item in items(found).items()}

    before = prints()
    assert prints() == before
    (export / "export/Home.md").write_text("Goodbye")
    assert {uri for uri, value in prints().items() if before[uri] != value} == {"wiki/Home.md"}


@pytest.mark.parametrize(
    ("loader", "arguments", "more", "saying"),
    [
        ("PythonLoader", {"file_path": "x.py"}, "", "not one of those allowed"),
        ("DirectoryLoader", {"path": "export", "glob": "../*"}, "", "not one of those allowed"),
        ("UnstructuredAPIFileLoader", {}, "", "not one of those allowed"),
        ("os.system", {}, "", "not one of those allowed"),
        ("CSVLoadr", {}, "", "did you mean 'CSVLoader'"),
        ("CSVLoader", {"file_path": "../x.csv"}, "", "does not lie inside the corpus"),
        ("CSVLoader", {"file_path": "/etc/passwd"}, "", "relative to the corpus"),
        ("CSVLoader", {"file_path": "."}, "", "does not lie inside the corpus"),
        ("CSVLoader", {"file_path": 7}, "", "relative to the corpus"),
        ("CSVLoader", {"file_path": "https://a.example/x.csv", "csv_args": {}}, "", "'csv_args'"),
        ("WebBaseLoader", {"web_path": "https://a.example"}, "", "`network: true`"),
        ("WebBaseLoader", {"web_path": "file:///etc/passwd"}, ", network: true", "https://"),
        ("WebBaseLoader", {"web_paths": ["ftp://a"]}, ", network: true", "https://"),
        ("WebBaseLoader", {"proxies": {}}, ", network: true", "takes no argument 'proxies'"),
    ],
)
def test_a_manifest_cannot_make_a_loader_do_harm(
    export: Path, loader: str, arguments: dict[str, object], more: str, saying: str
) -> None:
    with pytest.raises(ManifestError, match=r"corpus\.yaml line 3: ") as caught:
        corpus(export, loader, arguments, more)
    assert saying in str(caught.value)


def test_a_failing_loader_is_one_line_and_the_rest_goes_on(export: Path) -> None:
    found = corpus(export, "CSVLoader", {"file_path": "table.csv", "source_column": "s3cret-word"})

    (failure,) = failures(found)
    assert failure.error.startswith("CSVLoader: ")
    assert "\n" not in failure.error
    assert "s3cret-word" not in failure.error
    assert failure.concerns("wiki/table.csv#row=0")
    assert "export/Home.md" in items(found)


def test_a_path_that_is_missing_or_leads_out_is_told(export: Path) -> None:
    (failure,) = failures(corpus(export, "CSVLoader", {"file_path": "gone.csv"}))
    assert "there is no gone.csv" in failure.error

    (export / "export/out.md").symlink_to("/etc/passwd")
    (failure,) = failures(corpus(export, "NotionDirectoryLoader", {"path": "export"}))
    assert "export/out.md is a link that leads out of the corpus" in failure.error


def test_a_loader_cannot_get_around_the_rules_for_tickets(export: Path) -> None:
    header = "id,partner,product,release,opened,closed,subject,description,resolution"
    (export / "table.csv").write_text(f"{header}\n1,acme,,,2026-01-01,,s,d,r\n")

    found = corpus(export, "CSVLoader", {"file_path": "table.csv"}, ", audience: [partners]")

    assert "is a ticket history" in failures(found)[0].error


def test_an_archive_that_would_unpack_to_gigabytes_is_not_opened(export: Path) -> None:
    archive = export / "slack.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writing:
        writing.writestr("channels.json", "[]")
    data = bytearray(archive.read_bytes())
    said = data.index(b"PK\x01\x02") + 24  # the unpacked size in the archive's directory
    data[said : said + 4] = (2**31 - 1).to_bytes(4, "little")
    archive.write_bytes(data)

    (failure,) = failures(corpus(export, "SlackDirectoryLoader", {"zip_path": "slack.zip"}))

    assert "more than 1 GB" in failure.error


def test_every_allowed_loader_exists_and_takes_no_code() -> None:
    assert set(LOADERS) <= set(available.__all__)
    assert set(NETWORK_LOADERS) < set(LOADERS)
    for rule in LOADERS.values():
        assert rule.paths or rule.network
        assert not {"loader_cls", "parsing_function", "extractor", "session"} & set(rule.arguments)
        assert not any("dangerous" in name for name in rule.arguments)


def test_a_corpus_without_loaders_does_not_pay_for_them() -> None:
    check = "import sys, ingest.source; sys.exit(any('langchain' in name for name in sys.modules))"

    subprocess.run([sys.executable, "-c", check], check=True)
