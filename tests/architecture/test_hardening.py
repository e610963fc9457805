"""What the code never does, whatever it is asked for: held here, so that it stays so."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("foundation", "governance", "retrieval", "ingest", "copilot", "commands")
SOURCES = [
    *(path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))),
    *(path for path in sorted(ROOT.glob("*.py")) if path.stem != "demo"),
]


@cache
def trees() -> list[tuple[str, ast.Module]]:
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))) for path in SOURCES
    ]


@cache
def calls() -> list[tuple[str, ast.Call, str]]:
    return [
        (f"{name}:{node.lineno}", node, ast.unparse(node.func))
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


NEVER = {
    "an archive is never unpacked on disk": r"(.*\.)?(extract|extractall|unpack_archive)",
    "no text becomes a program": r"eval|exec|compile|__import__|os\.(system|popen|(exec|spawn)\w+)",
    "nothing is unpickled": r"(pickle|dill|joblib|marshal|shelve|cloudpickle)\.(load|loads|open)",
    "YAML is read by nothing that makes objects": r"yaml\.(load|(full|unsafe)_load(_all)?)",
    "XML is read with entities switched off": r"(xml\.etree\.\w+|ElementTree|minidom|sax)\.\w+",
    "a temporary name is not guessed": r"tempfile\.mktemp",
}


@pytest.mark.parametrize("rule", NEVER)
def test_it_is_never_called(rule: str) -> None:
    found = [f"{where}: {call}" for where, _, call in calls() if re.fullmatch(NEVER[rule], call)]
    assert found == [], rule


def test_no_shell_is_started_and_no_certificate_goes_unchecked() -> None:
    for where, node, call in calls():
        for keyword in node.keywords:
            value = ast.unparse(keyword.value)
            assert not (keyword.arg == "shell" and value != "False"), where
            assert not (keyword.arg in {"verify", "check_hostname"} and value == "False"), where
            assert not (keyword.arg == "verify_signature" and value == "False"), where
            assert not (keyword.arg == "follow_redirects" and value != "False"), (where, call)


CREDENTIALS = (
    "api_keys", "authentication", "house_secret", "identity", "jwks", "local_tokens", "origins",
    "signed_tokens", "widget_tokens",
)  # fmt: skip
_SECRET = re.compile(r"secret|signature|password|digest|\bmac\b|sha256|token(?!_id)|bearer")


@pytest.mark.parametrize("module", CREDENTIALS)
def test_secrets_are_compared_in_constant_time(module: str) -> None:
    tree = ast.parse((ROOT / "governance" / f"{module}.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        compared = [
            ast.unparse(side)
            for operator in node.ops
            if isinstance(operator, ast.Eq | ast.NotEq)
            for side in (node.left, *node.comparators)
        ]
        assert not any(_SECRET.search(side) for side in compared), ast.unparse(node)


def test_keys_are_compared_by_a_function_made_for_it() -> None:
    assert "compare_digest" in (ROOT / "governance" / "api_keys.py").read_text("utf-8")


def test_nothing_is_fetched_but_what_the_operator_has_set() -> None:
    """Whatever speaks to the network names the setting that its address comes from."""
    known = {
        "governance/jwks.py": "COPILOT_JWT_JWKS_URL",
        "governance/webhooks.py": "COPILOT_WEBHOOK_URL",
        "governance/limiting.py": "COPILOT_LIMITS_URL",
        "retrieval/server_index.py": "COPILOT_QDRANT_URL",
        "copilot/bounded_client.py": "COPILOT_CHAT_BASE_URL",
    }
    reaching = {"httpx", "requests", "urllib.request", "aiohttp", "socket", "http.client", "redis"}
    own = {"foundation/listening.py", "foundation/punctual_http.py"}
    for name, tree in trees():
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            used = {
                one for one in names for two in reaching if one == two or one.startswith(f"{two}.")
            }
            assert not used or name in known or name in own, (name, used)


def test_an_origin_is_never_everybody() -> None:
    for where, node, _ in calls():
        for keyword in node.keywords:
            if keyword.arg in {"allow_origins", "allow_origin_regex"}:
                assert ast.unparse(keyword.value) == "settings.origins", where


def test_every_dependency_has_a_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [one for one in lines if one and not one.startswith("#")]
    assert pinned
    assert [one for one in pinned if not re.fullmatch(r"[A-Za-z0-9._-]+==[^=\s;]+", one)] == []
    assert "--constraint constraints.txt" in (ROOT / "Makefile").read_text()
