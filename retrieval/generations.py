"""The folder of an embedded index: generations, of which exactly one is current."""

import json
import os
import shutil
from pathlib import Path
from uuid import uuid4

from foundation.errors import StorageError
from retrieval.layout import REBUILD, Layout, layout_of

_POINTER = "index.json"


class Generations:
    """Sub-folders of `folder`, each a whole index, and a file that says which one counts.

    A rebuilt index becomes current by the replacement of that one file, so that a crash at any
    point leaves a whole index, old or new. Not locked: its user holds the folder's lock.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder = folder
        self._layout = layout

    def current(self) -> Path | None:
        """The generation that counts, None in a new folder.

        Raises `StorageError` where it was made for other vectors than ours.
        """
        pointer = self._folder / _POINTER
        if not pointer.exists():
            return None
        try:
            found = json.loads(pointer.read_text(encoding="utf-8"))
            name = str(found["generation"])
            layout = layout_of(
                int(found["dimensions"]), dense=found["dense"], sparse=found["sparse"]
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{pointer} cannot be read ({error}); {REBUILD}") from error
        self._layout.require_same(layout, where=str(self._folder))
        return self._folder / name

    def new(self) -> Path:
        """A folder that does not exist yet, under a name that was never used."""
        return self._folder / f"generation-{uuid4().hex}"

    def make_current(self, generation: Path) -> None:
        """Let a whole generation take over, surviving a power cut."""
        draft = self._folder / f"{_POINTER}.new"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(
                {
                    "generation": generation.name,
                    "dimensions": self._layout.dimensions,
                    "dense": self._layout.dense,
                    "sparse": self._layout.sparse,
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / _POINTER)
        self._sync_folder()

    def remove_others(self, keep: Path) -> None:
        """Remove what earlier generations and unfinished ones have left."""
        for path in self._folder.glob("generation-*"):
            if path != keep:
                # An optimiser that outlived its parent may still be writing here; the next
                # start tries again.
                shutil.rmtree(path, ignore_errors=True)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
