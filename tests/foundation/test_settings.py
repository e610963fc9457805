import os
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.database import open_database
from foundation.errors import ConfigurationError
from foundation.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]


def test_what_the_environment_says_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_JWT_ISSUER", "somebody")
    monkeypatch.setenv("COPILOT_ALLOWED_ORIGINS", "https://a.example , ,https://b.example")
    settings = load_settings()
    assert settings.jwt_issuer == "somebody"
    assert settings.origins == ("https://a.example", "https://b.example")


def test_an_empty_variable_switches_a_thing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QDRANT_URL", "DATABASE_URL", "JWT_SECRET", "POLICY_FILE"):
        monkeypatch.setenv(f"COPILOT_{name}", "")
    settings = load_settings()
    assert settings.qdrant_url is settings.database_url is settings.jwt_secret is None
    assert settings.policy_file is None


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example/keys",
        "http://localhost:9000/keys",
        "http://127.0.0.1/keys",
        "http://[::1]:9000/keys",
    ],
)
def test_an_issuers_keys_come_over_https_or_from_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("COPILOT_JWT_JWKS_URL", url)
    assert str(load_settings().jwt_jwks_url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/keys",
        "http://127.0.0.1.evil.example/keys",
        "http://localhost.evil.example/keys",
        "ftp://login.example/keys",
        "file:///etc/keys",
    ],
)
def test_an_issuers_keys_come_over_nothing_that_can_be_changed_on_the_way(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("COPILOT_JWT_JWKS_URL", url)
    with pytest.raises(ConfigurationError, match="COPILOT_JWT_JWKS_URL"):
        load_settings()


def test_without_urls_everything_lies_in_the_data_folder(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/copilot.db"
    assert settings.resolved_blobs_url == f"{tmp_path}/blobs"


@pytest.mark.parametrize("name", ["what?", "number#1", "100%", "a%20b", "sp ace", "mode=ro&x"])
def test_whatever_the_data_folder_is_called_the_database_lies_in_it(
    name: str, tmp_path: Path
) -> None:
    folder = tmp_path / name

    open_database(load_settings(folder).resolved_database_url).close()

    assert (folder / "copilot.db").is_file()
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_an_env_file_that_is_not_utf_8_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_bytes("COPILOT_JWT_ISSUER=Müller\n".encode("cp1252"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")

    with pytest.raises(ConfigurationError, match=r"\.env cannot be read: is not UTF-8"):
        load_settings()


def test_a_bad_value_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_QDRANT_URL", "hunter2")
    with pytest.raises(ConfigurationError, match=r"^COPILOT_QDRANT_URL: ") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_do_not_change(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings(data_dir=tmp_path).data_dir = Path("elsewhere")


def test_an_operators_settings_do_not_reach_the_tests(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COPILOT_JWT_ISSUER=from-a-file\n")
    shown = (
        "import os, tests.conftest; from foundation.settings import load_settings;"
        "print(load_settings().jwt_issuer, load_settings().database_url,"
        " sorted(one for one in os.environ if one.startswith('COPILOT_')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", shown],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COPILOT_DATABASE_URL": "postgresql://operator/live",
            "COPILOT_TEST_QDRANT_URL": "kept",
            "COPILOT_SHARED_DATA": "kept",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        "partner-copilot", "None", "['COPILOT_SHARED_DATA',", "'COPILOT_TEST_QDRANT_URL']",
    ]  # fmt: skip
