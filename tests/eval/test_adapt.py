"""`eval adapt`: trained on what all partners read, measured, and off until it is switched on."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from eval.adapt.command import run_adapt, run_off, run_use
from eval.adapt.pairs import PairKind, make_pairs
from eval.adapt.training import Training, halves, train
from eval.case import Case, Expected, Gold
from foundation.errors import ConfigurationError, ConflictError, CopilotError
from governance.audit import Action
from governance.audit.chain import audit_lines
from governance.document import ApprovalState
from governance.principal import EVERY_PARTNER, Principal, Role
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover
from retrieval.query import Query
from retrieval.ranker import MANIFEST, RankerManifest, read_manifest, write_manifest
from retrieval.sentence_vectors import sentence_vectors
from tests.fakes.small_house import PARTNER, NewModel, SmallHouse

THINGS = tuple(
    f"{metal} {thing}"
    for metal in ("copper", "silver", "tin", "iron", "lead")
    for thing in ("anchor", "barrel", "candle", "hammer", "kettle")
)
HOW = Training(most=80)
GLOBEX = Principal(subject="g", tenant="globex", roles=frozenset({Role.PARTNER_CONSULTANT}))


def write_page(corpus: Path, name: str, secret: str = "") -> None:
    corpus.mkdir(exist_ok=True)
    sections = "".join(
        f"## How is the {name} {deed} by the workshop\n\n"
        f"Everybody who {deed} a {name} begins with a clean bench and a {tool} at hand. "
        f"The {tool} is then moved twice around the {name} before anything else happens. "
        f"A second person looks at the {name} and writes the date into the {tool} book. "
        f"Where the {name} is cracked, the {tool} stays on the bench until the next day. "
        f"{secret}\n\n"
        for deed, tool in (("mended", "brush"), ("cleaned", "sponge"), ("packed", "crate"))
    )
    (corpus / f"{name}.md").write_text(f"# The {name}\n\n{sections}", encoding="utf-8")


@pytest.fixture(scope="module")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for thing in THINGS:
        write_page(folder / "docs", thing)
    house = SmallHouse(folder)
    house.ingest(folder / "docs")
    assert run_adapt(house, None, HOW, as_json=True) == 0
    house.close()
    return folder


@pytest.fixture
def trained(trained_folder: Path, tmp_path: Path) -> Iterator[SmallHouse]:
    """A house of the test's own, with a ranker that was trained and is off."""
    shutil.copytree(trained_folder, tmp_path / "house")
    house = SmallHouse(tmp_path / "house")
    yield house
    house.close()


@pytest.fixture
def helpful(trained: SmallHouse) -> SmallHouse:
    """The same with a ranker that is worth switching on."""
    manifest = trained_manifest(trained)
    weights = manifest.weights.model_copy(update={"sentence": 0.6})
    write_manifest(
        trained.ranker_folder, manifest.model_copy(update={"helps": True, "weights": weights})
    )
    return trained


def trained_manifest(house: SmallHouse) -> RankerManifest:
    manifest = read_manifest(house.ranker_folder)
    assert manifest is not None
    return manifest


def again(house: SmallHouse, model: type[NewModel] | None = None) -> SmallHouse:
    """The house as the next process opens it."""
    house.close()
    return SmallHouse(house.settings.data_dir.parent, model() if model else None)


def sentences_kept(house: SmallHouse) -> int:
    with house.database.read() as connection:
        counted = select(func.count()).select_from(sentence_vectors)
        return int(connection.execute(counted).scalar_one())


def test_the_manifest_says_what_it_was_trained_on_and_what_it_gained(trained: SmallHouse) -> None:
    manifest = trained_manifest(trained)
    assert manifest.trained_on.documents == len(THINGS)
    assert manifest.trained_on.headings + manifest.trained_on.sentences == HOW.most
    assert manifest.embedder == "old"
    (held_out,) = manifest.compared
    assert 0 < held_out.before.questions < HOW.most
    assert held_out.after.mrr >= held_out.before.mrr or not manifest.helps


def test_the_same_seed_trains_the_same_ranker(trained: SmallHouse) -> None:
    kept = trained_manifest(trained)
    once_more = train(trained, (), HOW)
    changing = {"trained_at", "cost_ms"}
    assert once_more.model_dump(exclude=changing) == kept.model_dump(exclude=changing)


def test_training_switches_nothing_on(trained: SmallHouse) -> None:
    assert trained.retriever.search(Query(text="mended mirror", principal=PARTNER)).passages
    assert trained.ranker_switch.current(trained.sentence_vectors) is None


def test_questions_do_not_stand_in_what_is_to_be_found(trained: SmallHouse) -> None:
    visibility = trained.visible_catalog.visibility(EVERY_PARTNER)
    documents = [
        (one, trained.catalog.chunks_of(one.document_id, one.version))
        for one in trained.visible_catalog.documents(visibility)
    ]
    pairs = make_pairs(documents, most=60, seed=1)
    assert {pair.kind for pair in pairs} == set(PairKind)
    assert all(pair.question not in pair.text for pair in pairs)
    assert all(pair.question not in pair.heading_path for pair in pairs)


def test_a_house_with_few_documents_is_told_that_they_are_too_few(tmp_path: Path) -> None:
    write_page(tmp_path / "docs", "anchor")
    house = SmallHouse(tmp_path)
    house.ingest(tmp_path / "docs")
    with pytest.raises(ConflictError, match=r"1 approved documents .* needs 20"):
        run_adapt(house, None, HOW, as_json=True)
    assert not house.ranker_folder.exists()
    house.close()


def keep_to_itself(house: SmallHouse, folder: Path, things: Sequence[str]) -> None:
    """Documents of globex that only globex reads."""
    for thing in things:
        write_page(folder, thing, secret="The Bluebird clause holds for this one too.")
    options = IngestOptions(
        tenant="globex", audience=("tenant:globex",), approval=ApprovalState.APPROVED
    )
    house.pipeline.run(discover([folder], options), IngestRun(workers=1))


def asked_by_globex(*things: str) -> tuple[Case, ...]:
    return tuple(
        Case(
            id=thing,
            question=f"Who packed the {thing} in a crate?",
            principal=GLOBEX,
            expected=Expected.ANSWER,
            category="plain",
            gold=(Gold(uri=f"{thing}.md"),),
        )
        for thing in things
    )


def test_what_a_tenant_keeps_to_itself_does_not_train_anything(
    trained: SmallHouse, tmp_path: Path
) -> None:
    before = trained_manifest(trained)
    keep_to_itself(trained, tmp_path / "own", ["lantern", "pulley"])
    after = train(trained, (), HOW)
    assert after.trained_on == before.trained_on
    assert after.weights == before.weights
    assert after.compared == before.compared


def test_labelled_cases_train_on_what_all_partners_read_whoever_asked_them(
    trained: SmallHouse, tmp_path: Path
) -> None:
    of_all, steps = asked_by_globex(*THINGS), list[str]()
    before = train(trained, of_all, HOW)
    assert before.trained_on.cases == len(THINGS)
    # Some under the very names that documents of everybody have: they would come first.
    own = [f"{thing} lid" for thing in THINGS]
    keep_to_itself(trained, tmp_path / "own", [*THINGS[:5], *own])
    after = train(trained, (*of_all, *asked_by_globex(*own)), HOW, steps.append)
    left_out = {"cases_left_out": len(own)}
    assert after.trained_on == before.trained_on.model_copy(update=left_out)
    assert after.weights == before.weights
    assert after.compared == before.compared
    assert f"{len(own)} labelled cases left out" in " ".join(steps)


def test_questions_of_one_document_are_too_few_to_fit_and_to_measure(trained: SmallHouse) -> None:
    one = trained.catalog.newest()[0]
    pairs = make_pairs([(one, trained.catalog.chunks_of(one.document_id, 1))], most=60, seed=1)
    assert pairs
    with pytest.raises(ConflictError, match=r"too few of them .* --questions"):
        halves(pairs)


def test_the_manifest_holds_no_word_of_the_documents(trained: SmallHouse) -> None:
    assert (trained.ranker_folder / MANIFEST).stat().st_mode & 0o777 == 0o600
    kept = (trained.ranker_folder / MANIFEST).read_text().casefold()
    assert not [thing for thing in THINGS if thing in kept]
    assert "workshop" not in kept


def test_a_ranker_that_does_not_help_is_not_switched_on(trained: SmallHouse) -> None:
    manifest = trained_manifest(trained)
    write_manifest(trained.ranker_folder, manifest.model_copy(update={"helps": False}))
    with pytest.raises(ConflictError, match="did not help"):
        run_use(trained, as_json=True)
    assert trained.ranker_switch.current(trained.sentence_vectors) is None


def test_switched_on_it_reads_every_chunk_and_search_uses_it(
    helpful: SmallHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    run_use(helpful, as_json=True)
    assert json.loads(capsys.readouterr().out)["ranker"] == "on"
    assert helpful.sentence_vectors.missing() == 0
    ranker = helpful.ranker_switch.current(helpful.sentence_vectors)
    assert ranker is not None
    assert ranker.weights.sentence > 0
    run_off(helpful, as_json=True)
    assert helpful.ranker_switch.current(helpful.sentence_vectors) is None


def test_switching_it_is_on_record(helpful: SmallHouse) -> None:
    helpful.ranker_switch.use()
    helpful.ranker_switch.turn_off()
    with helpful.database.read() as connection:
        lines = connection.execute(
            audit_lines.select()
            .where(audit_lines.c.action == Action.RANKER_CHANGED)
            .order_by(audit_lines.c.number)
        ).all()
        told = [json.loads(line.sealed)["target"] for line in lines]
    assert told[-2:] == ["on", "off"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [("{", "Invalid JSON"), ('{"weights": 3}', "signals_version"), ("\x00\xff", "Invalid JSON")],
)
def test_a_broken_file_is_told_in_one_line_and_search_goes_on(
    helpful: SmallHouse, caplog: pytest.LogCaptureFixture, broken: str, why: str
) -> None:
    helpful.ranker_switch.use()
    (helpful.ranker_folder / MANIFEST).write_text(broken, "latin-1")
    with pytest.raises(ConfigurationError) as told:
        helpful.ranker_switch.use()
    assert "\n" not in str(told.value)
    assert why in str(told.value)
    next_one = again(helpful)
    assert next_one.retriever.search(Query(text="mended mirror", principal=PARTNER)).passages
    assert "the trained ranker is not used" in caplog.text
    next_one.close()


def test_a_ranker_that_was_changed_after_it_was_switched_on_is_not_used(
    helpful: SmallHouse,
) -> None:
    helpful.ranker_switch.use()
    manifest = trained_manifest(helpful)
    more = manifest.weights.model_copy(update={"sentence": 4.0})
    write_manifest(helpful.ranker_folder, manifest.model_copy(update={"weights": more}))
    with pytest.raises(CopilotError, match="is not the one that was switched on"):
        helpful.ranker_switch.current(helpful.sentence_vectors)


def test_a_ranker_of_another_embedder_is_ignored_and_told(
    helpful: SmallHouse, caplog: pytest.LogCaptureFixture
) -> None:
    helpful.ranker_switch.use()
    other = again(helpful, NewModel)
    other.rebuild()
    assert other.retriever.search(Query(text="mended mirror", principal=PARTNER)).passages
    assert "trained with the embedder 'old'" in caplog.text
    other.close()


def test_a_deleted_document_takes_its_sentences_along(tmp_path: Path) -> None:
    write_page(tmp_path / "docs", "anchor")
    write_page(tmp_path / "docs", "barrel")
    house = SmallHouse(tmp_path)
    house.ingest(tmp_path / "docs")
    assert list(house.sentence_vectors.fill())
    kept = sentences_kept(house)
    house.catalog.erase(house.catalog.newest()[0].document_id)
    assert 0 < sentences_kept(house) < kept
    house.close()


def test_documents_that_come_later_are_read_too(helpful: SmallHouse, tmp_path: Path) -> None:
    run_use(helpful, as_json=True)
    write_page(tmp_path / "more", "lantern")
    helpful.ingest(tmp_path / "more")
    assert helpful.sentence_vectors.missing() == 0
