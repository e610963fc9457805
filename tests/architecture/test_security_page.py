"""docs/security.md shows the table of roles and permissions that the code has."""

from pathlib import Path

from governance.principal import PERMISSIONS, Permission, Role

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = (f"<!-- roles and permissions: {one} -->\n" for one in ("begin", "end"))


def table() -> str:
    """The table as the page should show it: a row a permission, a column a role."""
    lines = [
        ["permission", *(f"`{role}`" for role in Role)],
        ["---", *(":-:" for _ in Role)],
        *(
            [f"`{one}`", *("yes" if one in PERMISSIONS[role] else "" for role in Role)]
            for one in Permission
        ),
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def test_the_page_shows_the_table_that_the_code_has():
    shown = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert shown == table(), f"between the two marks {PAGE.name} needs this:\n{table()}"


def test_every_role_is_in_the_table():
    assert set(PERMISSIONS) == set(Role)
