"""What a report says of the house that was asked."""

from eval.evaluation import corpus_json
from governance.approval import Approvals, Decision
from governance.author import console
from tests.fakes.small_house import SmallHouse, write


def house_with(folder, *names):
    folder.mkdir(exist_ok=True)
    house = SmallHouse(folder)
    for name in names:
        write(folder / "corpus", name)
    house.ingest(folder / "corpus")
    return house


def test_the_same_documents_have_the_same_mark_in_two_houses_and_others_have_not(tmp_path):
    marks = []
    for number, names in enumerate((("amber", "birch"), ("amber", "birch"), ("amber", "cedar"))):
        house = house_with(tmp_path / str(number), *names)
        marks.append(corpus_json(house.catalog))
        house.close()
    assert marks[0] == marks[1]
    assert marks[0] != marks[2]
    assert marks[0].documents == 2


def test_a_change_of_state_alone_is_another_mark(tmp_path):
    house = house_with(tmp_path, "amber")
    before = corpus_json(house.catalog)
    [version] = house.catalog.newest()
    approvals = Approvals(
        database=house.database, clock=house.clock, policy=house.policy.current, words=str
    )
    approvals.withdraw(console(), version.document_id, Decision())
    assert corpus_json(house.catalog) != before
    house.close()
