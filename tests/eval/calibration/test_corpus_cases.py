"""Cases made of headings: what all partners read, and nothing that a tenant keeps to itself."""

from pathlib import Path

import pytest

from eval.calibration.corpus_cases import corpus_cases
from eval.calibration.observing import Observer
from governance.document import ApprovalState
from governance.thinned_catalog import ThinnedCatalog
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover
from tests.fakes.small_house import SmallHouse

THINGS = ("amber", "birch", "cedar", "denim")


def write_pages(folder: Path, words: str) -> None:
    folder.mkdir(parents=True)
    for thing in THINGS:
        (folder / f"{thing}.md").write_text(
            f"# The {thing}\n\n## {words} of {thing} explained\n\n"
            f"{words} of {thing} is settled every week by those who bring {thing} along.\n"
        )


def kept_back(house: SmallHouse, folder: Path, options: IngestOptions) -> None:
    done = house.pipeline.run(discover([folder], options), IngestRun(workers=1))
    assert done.added + done.updated + done.drafts >= len(THINGS)


@pytest.fixture
def house(tmp_path):
    write_pages(tmp_path / "docs", "Storage")
    house = SmallHouse(tmp_path)
    house.ingest(tmp_path / "docs")
    yield house
    house.close()


def seen(house):
    """The cases, and what a calibration sees of each, held out as well."""
    visible = ThinnedCatalog(house.catalog, house.clock, house.database)
    cases = corpus_cases(house.catalog, visible)
    everything: dict[str, frozenset[str]] = {}
    for version in house.catalog.newest():
        everything[version.uri] = everything.get(version.uri, frozenset()) | {version.document_id}
    observer = Observer(house.retriever_through(visible), visible, 5)
    return cases, observer.observe(cases, everything)


def test_what_a_tenant_keeps_to_itself_is_no_case_and_moves_no_signal(house, tmp_path):
    before = seen(house)
    assert len(before[0]) == len(THINGS)
    assert {one.held_out for one in before[1].seen} == {False, True}
    # The same headings under the same names, of another tenant.
    write_pages(tmp_path / "acme", "Storage")
    acme = IngestOptions(tenant="acme", audience=("tenant:acme",), approval=ApprovalState.APPROVED)
    kept_back(house, tmp_path / "acme", acme)
    # What the documents' owner has for its own people.
    write_pages(tmp_path / "own" / "internal", "Discount")
    internal = IngestOptions(
        tenant="northstar", audience=("internal",), approval=ApprovalState.APPROVED
    )
    kept_back(house, tmp_path / "own", internal)
    # New versions of the documents themselves that nobody has approved.
    write_pages(tmp_path / "drafts", "Storage weekly")
    draft = IngestOptions(tenant="northstar", audience=("partners",), approval=ApprovalState.DRAFT)
    kept_back(house, tmp_path / "drafts", draft)
    assert seen(house) == before
