"""Whoever opens the data folder first creates every table, whatever they came for."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = ("foundation", "governance", "retrieval", "ingest", "copilot", "eval")
PROGRAM = """
import sys
from pathlib import Path
from assembly import Assembly
from foundation.settings import Settings
from sqlalchemy import inspect
assembly = Assembly(Settings(_env_file=None, data_dir=Path(sys.argv[1])))
with assembly.database.read() as connection:
    print(*inspect(connection).get_table_names())
assembly.close()
"""


def test_the_assembly_creates_every_table_that_there_is(tmp_path: Path) -> None:
    defined = {
        name
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
        for name in re.findall(r"= Table\(\s*\"(\w+)\"", path.read_text())
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert set(done.stdout.split()) == defined
