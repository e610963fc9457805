import io
from pathlib import Path

import pytest

from foundation.blobs import BlobStore
from foundation.errors import NotFoundError, StorageError
from foundation.ids import content_hash


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    kept = request.param == "folder"
    return BlobStore(str(tmp_path / "blobs") if kept else f"memory://{tmp_path.name}")


def test_bytes_come_back_under_their_hash(store: BlobStore) -> None:
    for data in (b"", b"\x00\xff" * 1000):
        key = store.put(data)
        assert key == content_hash(data)
        assert store.get(key) == data


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path / "blobs"))
    assert store.put(b"same") == store.put(b"same")
    assert [one.read_bytes() for one in (tmp_path / "blobs").glob("*/*")] == [b"same"]


def test_what_is_deleted_is_gone_and_deleting_again_is_no_error(store: BlobStore) -> None:
    key = store.put(b"gone")
    store.delete(key)
    store.delete(key)
    with pytest.raises(NotFoundError, match="ingest the file again"):
        store.get(key)


def test_a_store_that_cannot_be_opened_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for url in ("nonsense://x", str(tmp_path / "file" / "blobs")):
        with pytest.raises(StorageError, match="COPILOT_BLOBS_URL"):
            BlobStore(url)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense://somebody:hunter2@host/bucket",
        "ftp://somebody:hunter2@host.invalid:abc/x",
        "ftp://somebody:hun/ter2@[half/x",
        "memory://ok::nonsense://hunter2@host",
    ],
)
def test_a_password_in_the_address_is_never_shown(url: str) -> None:
    with pytest.raises(StorageError, match="COPILOT_BLOBS_URL") as caught:
        BlobStore(url)
    shown = f"{caught.value}{caught.value.__cause__}"
    assert "hunter2" not in shown
    assert "ter2" not in shown
    assert "somebody" not in shown
    assert "\n" not in shown


def test_a_file_where_a_blobs_folder_should_be_is_told_in_one_line(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path / "blobs"))
    key = content_hash(b"same")
    (tmp_path / "blobs" / key[:2]).write_text("in the way")

    with pytest.raises(StorageError, match=f"cannot write blob {key}"):
        store.put(b"same")
    with pytest.raises(NotFoundError):
        store.get(key)
    store.delete(key)


def test_a_blob_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path / "blobs"))
    key = content_hash(b"same")
    (tmp_path / "blobs" / key[:2] / key).mkdir(parents=True)

    with pytest.raises(StorageError, match=f"cannot read blob {key}"):
        store.get(key)


def test_a_staged_file_is_kept_under_its_name_until_it_is_removed(store: BlobStore) -> None:
    data = b"\x00\xff" * 1_000_000
    assert store.staged_names() == frozenset()
    source = io.BytesIO(data)
    source.read(10)
    store.stage("job_1-0", source)
    assert store.staged_names() == {"job_1-0"}
    with store.staged("job_1-0") as path:
        assert path.read_bytes() == data
    store.unstage("job_1-0")
    store.unstage("job_1-0")
    assert store.staged_names() == frozenset()
    with pytest.raises(NotFoundError, match="send it again"), store.staged("job_1-0"):
        pass


def test_what_was_staged_half_is_listed_and_can_be_removed(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    store = BlobStore(str(tmp_path / "blobs"))
    with pytest.raises(StorageError, match="check space"):
        store.stage("job_1-0", Broken())
    assert store.staged_names() == {"job_1-0"}
    store.unstage("job_1-0")
    assert store.staged_names() == frozenset()


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\x00b", "a" * 65, "a.md"])
def test_a_staged_file_never_has_a_name_from_outside(store: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name an upload"):
        store.stage(name, io.BytesIO(b""))
