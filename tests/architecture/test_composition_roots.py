"""import-linter holds the rules between packages; these hold them for the modules at the top."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = {"api", "assembly", "cli", "commands", "openapi", "problems", "terminal", "demo"}
PACKAGES = ["foundation", "governance", "retrieval", "ingest", "copilot", "eval"]
COMMAND_LINE = [
    "cli.py",
    *(f"commands/{path.name}" for path in sorted((ROOT / "commands").glob("*.py"))),
]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def at_import(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_no_floor_imports_a_composition_root(package: str):
    for path in (ROOT / package).rglob("*.py"):
        assert not imported(path) & ROOTS, path


@pytest.mark.parametrize("module", [*COMMAND_LINE, "assembly.py", "terminal.py"])
def test_the_command_line_does_not_know_fastapi_or_unstructured(module: str):
    assert not imported(ROOT / module) & {"fastapi", "starlette", "unstructured"}


@pytest.mark.parametrize("module", COMMAND_LINE)
def test_the_command_line_imports_nothing_heavy_before_a_command_runs(module: str):
    assert at_import(ROOT / module) <= {
        "argparse", "collections", "commands", "contextlib", "dataclasses", "datetime", "json",
        "os", "pathlib", "re", "sys", "typing",
    }  # fmt: skip
