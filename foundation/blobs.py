"""Original files by content hash, on any fsspec URL: a folder, or object storage at scale."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from foundation.errors import NotFoundError, StorageError
from foundation.folders import private_folder
from foundation.ids import ID_PATTERN, content_hash

# A password may hold slashes and even @: whatever stands before the last one is not shown.
_CREDENTIALS = re.compile(r"(?<=://)\S*@")
_SHORTEST_SECRET = 3
_STAGED = "staged"
_BLOCK = 1024 * 1024


class BlobStore:
    """Keeps each file once, under the hash of its bytes, so that writing twice writes once."""

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
            if isinstance(self._fs, LocalFileSystem):
                private_folder(Path(self._root))
            else:
                self._fs.makedirs(self._root, exist_ok=True)
        except Exception as error:  # noqa: BLE001 - every kind of storage throws its own
            # What the library says may hold the address, and that a password.
            raise StorageError(
                f"cannot open the blob store {_kind(url)}: {_reason(error, url)}; "
                "check COPILOT_BLOBS_URL"
            ) from None

    def put(self, data: bytes) -> str:
        """Store the bytes and return their hash. A reader never sees half a blob."""
        key = content_hash(data)
        path = self._path(key)
        # A partial file under its final name would be taken for the whole one after a crash.
        partial = f"{path}.partial"
        try:
            if self._fs.exists(path):
                return key
            self._fs.makedirs(str(Path(path).parent), exist_ok=True)
            self._fs.pipe_file(partial, data)
            self._fs.mv(partial, path)
        except OSError as error:
            raise StorageError(
                f"cannot write blob {key}: {_reason(error)}; check space and rights"
            ) from None
        return key

    def get(self, key: str) -> bytes:
        """The bytes stored under `key`."""
        try:
            data: bytes = self._fs.cat_file(self._path(key))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(f"no blob {key} in the store; ingest the file again") from None
        except OSError as error:
            raise StorageError(
                f"cannot read blob {key}: {_reason(error)}; check rights, or ingest the file again"
            ) from None
        return data

    def holds(self, key: str) -> bool:
        """Whether the bytes are here, whole or in part."""
        path = self._path(key)
        try:
            return bool(self._fs.exists(path) or self._fs.exists(f"{path}.partial"))
        except OSError as error:
            raise StorageError(
                f"cannot look for blob {key}: {_reason(error)}; check rights"
            ) from None

    def delete(self, key: str) -> None:
        """Remove the bytes; removing what is not there is no error."""
        path = self._path(key)
        try:
            # A crash may have left a part beside it.
            for one in (path, f"{path}.partial"):
                if self._fs.exists(one):
                    self._fs.rm_file(one)
        except OSError as error:
            raise StorageError(
                f"cannot delete blob {key}: {_reason(error)}; check rights"
            ) from None

    def stage(self, name: str, source: BinaryIO) -> None:
        """Keep a file on which nothing rests yet, under a name of the caller's own making.

        It is read block by block from its beginning, and never held as a whole.
        """
        path = self._staged(name)
        partial = f"{path}.partial"
        source.seek(0)
        try:
            self._fs.makedirs(f"{self._root}/{_STAGED}", exist_ok=True)
            with self._fs.open(partial, "wb") as target:
                shutil.copyfileobj(source, target, _BLOCK)
            self._fs.mv(partial, path)
        except OSError as error:
            raise StorageError(
                f"cannot keep the upload {name}: {_reason(error)}; check space and rights"
            ) from None

    @contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """A staged file on this machine's disk, for as long as the block lasts."""
        path = self._staged(name)
        with ExitStack() as stack:
            try:
                if not self._fs.exists(path):
                    raise NotFoundError(f"the upload {name} is not there any more; send it again")
                local = Path(path)
                if not isinstance(self._fs, LocalFileSystem):
                    copy = stack.enter_context(tempfile.NamedTemporaryFile(prefix="copilot-"))
                    self._fs.get_file(path, copy.name)
                    local = Path(copy.name)
            except OSError as error:
                raise StorageError(
                    f"cannot read the upload {name}: {_reason(error)}; check space and rights"
                ) from None
            yield local

    def unstage(self, name: str) -> None:
        """Remove a staged file; removing what is not there is no error."""
        path = self._staged(name)
        try:
            for one in (path, f"{path}.partial"):
                if self._fs.exists(one):
                    self._fs.rm_file(one)
        except OSError as error:
            raise StorageError(
                f"cannot remove the upload {name}: {_reason(error)}; check rights"
            ) from None

    def staged_names(self) -> frozenset[str]:
        """Every staged file, also those that were never finished."""
        folder = f"{self._root}/{_STAGED}"
        try:
            if not self._fs.exists(folder):
                return frozenset()
            found = self._fs.ls(folder, detail=False)
        except OSError as error:
            raise StorageError(f"cannot list uploads: {_reason(error)}; check rights") from None
        return frozenset(Path(one).name.removesuffix(".partial") for one in found)

    def _staged(self, name: str) -> str:
        if not re.fullmatch(ID_PATTERN, name):
            message = f"{name!r} cannot name an upload"
            raise ValueError(message)
        return f"{self._root}/{_STAGED}/{name}"

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}"


def _kind(url: str) -> str:
    """What may be shown of the store's address: its kind, and a folder as a whole."""
    scheme, marked, _ = url.partition("://")
    return f"at {scheme}://" if marked else repr(url)


def _reason(error: Exception, url: str = "") -> str:
    """What a library says of the storage, without the address's user, password and options."""
    text = _CREDENTIALS.sub("", f"{type(error).__name__}: {error}".removesuffix(": "))
    said = _CREDENTIALS.search(url)
    words = re.split(r"[:@]", said[0]) if said else []
    for secret in (url if "://" in url else "", *words, url.partition("?")[2]):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return " ".join(text.split())
