"""Original files by content hash, on any fsspec URL: a folder, or object storage at scale."""

from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from foundation.errors import NotFoundError, StorageError
from foundation.folders import private_folder
from foundation.ids import content_hash


class BlobStore:
    """Keeps each file once, under the hash of its bytes, so that writing twice writes once."""

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
            if isinstance(self._fs, LocalFileSystem):
                private_folder(Path(self._root))
            else:
                self._fs.makedirs(self._root, exist_ok=True)
        except (OSError, ValueError, ImportError) as error:
            message = f"cannot open the blob store {url!r}: {error}; check COPILOT_BLOBS_URL"
            raise StorageError(message) from error

    def put(self, data: bytes) -> str:
        """Store the bytes and return their hash. A reader never sees half a blob."""
        key = content_hash(data)
        path = self._path(key)
        if self._fs.exists(path):
            return key
        self._fs.makedirs(str(Path(path).parent), exist_ok=True)
        # A partial file under its final name would be taken for the whole one after a crash.
        partial = f"{path}.partial"
        try:
            self._fs.pipe_file(partial, data)
            self._fs.mv(partial, path)
        except OSError as error:
            raise StorageError(
                f"cannot write blob {key}: {error}; check space and rights"
            ) from error
        return key

    def get(self, key: str) -> bytes:
        """The bytes stored under `key`."""
        try:
            data: bytes = self._fs.cat_file(self._path(key))
        except FileNotFoundError:
            raise NotFoundError(f"no blob {key} in the store; ingest the file again") from None
        return data

    def delete(self, key: str) -> None:
        """Remove the bytes; removing what is not there is no error."""
        path = self._path(key)
        if self._fs.exists(path):
            self._fs.rm_file(path)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}"
