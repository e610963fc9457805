"""The second opinion, over a real catalog."""

from itertools import product

import pytest

from eval.observation import Standing
from eval.standing import Standings
from governance.document import document_id
from governance.principal import Principal, Role
from governance.visibility import Filters
from tests.fakes.small_house import PARTNER, SmallHouse

MANIFEST = """
owner: northstar
defaults: {audience: [partners], approval: approved}
documents:
  - {match: "new.md", supersedes: ["old.md"]}
  - {match: "gold-new.md", supersedes: ["plain-old.md"], audience: ["tier:gold"]}
  - {match: "draft.md", approval: draft}
  - {match: "staff.md", audience: [internal]}
  - {match: "birch.md", audience: ["tenant:birch"]}
  - {match: "later.md", effective_from: 2999-01-01}
  - {match: "over.md", effective_to: 2001-01-01}
"""
GOLD = Principal(
    subject="g", tenant="acme", roles=frozenset({Role.PARTNER_CONSULTANT}),
    attributes={"tier": "gold"},
)  # fmt: skip
STAFF = Principal(subject="s", tenant="northstar", roles=frozenset({Role.ADMIN}))
NAMES = (
    "new", "old", "gold-new", "plain-old", "draft", "staff", "birch", "later", "over", "plain",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "corpus.yaml").write_text(MANIFEST)
    for name in NAMES:
        (docs / f"{name}.md").write_text(f"# {name}\n\nThe {name} page says what it says.\n")
    house = SmallHouse(folder)
    house.ingest(docs)
    yield house
    house.close()


def standing(house, name, principal=PARTNER, filters=None):
    standings = Standings(house.catalog, house.clock)
    return standings.of(document_id("northstar", f"{name}.md"), 1, principal, filters or Filters())


@pytest.mark.parametrize(
    ("name", "principal", "expected"),
    [
        ("plain", PARTNER, Standing.IN_FORCE),
        ("draft", STAFF, Standing.UNAPPROVED),
        ("staff", PARTNER, Standing.NOT_FOR_ASKER),
        ("staff", STAFF, Standing.IN_FORCE),
        ("birch", PARTNER, Standing.NOT_FOR_ASKER),
        ("later", PARTNER, Standing.NOT_VALID),
        ("over", PARTNER, Standing.NOT_VALID),
        ("gold-new", PARTNER, Standing.NOT_FOR_ASKER),
        ("gold-new", GOLD, Standing.IN_FORCE),
        ("old", PARTNER, Standing.SUPERSEDED),
        ("plain-old", PARTNER, Standing.IN_FORCE),
        ("plain-old", GOLD, Standing.SUPERSEDED),
        ("nothing-of-the-kind", PARTNER, Standing.UNKNOWN),
    ],
)
def test_a_document_stands_as_its_manifest_says(house, name, principal, expected):
    assert standing(house, name, principal) is expected


def test_it_agrees_with_what_search_lets_through_for_everybody(house):
    disagreed = []
    for name, principal in product(NAMES, (PARTNER, GOLD, STAFF)):
        visibility = house.visible_catalog.visibility(principal)
        readable = {one.uri for one in house.visible_catalog.documents(visibility)}
        stands = standing(house, name, principal) is Standing.IN_FORCE
        if stands != (f"{name}.md" in readable):
            disagreed.append((name, principal.subject, stands))
    assert disagreed == []
