import stat
from pathlib import Path

import pytest

from foundation.errors import StorageError
from governance.house_secret import derived_key, token_secret


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    first = token_secret(tmp_path / "data")
    assert token_secret(tmp_path / "data") == first
    path = tmp_path / "data" / "token-secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["token-secret"]


def test_a_damaged_secret_is_named_and_never_shown(tmp_path: Path):
    (tmp_path / "token-secret").write_text("short")
    with pytest.raises(StorageError, match="damaged") as caught:
        token_secret(tmp_path)
    assert "short" not in str(caught.value)


def test_a_secret_that_is_no_text_is_named_and_never_shown(tmp_path: Path):
    (tmp_path / "token-secret").write_bytes("ü".encode() * 40)
    with pytest.raises(StorageError, match="damaged"):
        token_secret(tmp_path)


def test_a_folder_where_the_secret_should_be_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "token-secret").mkdir()
    with pytest.raises(StorageError, match="cannot read the token secret"):
        token_secret(tmp_path)


def test_each_purpose_has_a_key_of_its_own_and_the_same_one_each_time():
    secret = "a secret that is long enough for anything"
    keys = {derived_key(secret, purpose) for purpose in ("widget tokens", "client addresses")}
    assert len(keys) == 2
    assert {len(one) for one in keys} == {32}
    assert derived_key(secret, "widget tokens") in keys
    assert derived_key(f"{secret}.", "widget tokens") not in keys
