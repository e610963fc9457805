"""Files that only their owner may read, written whole or not at all."""

import os
import tempfile
from pathlib import Path

OWNER_ONLY = 0o600


def write_private(path: Path, text: str, *, mode: int = OWNER_ONLY) -> None:
    """Write a file that may hold what partners asked, in place of the one that is there.

    Who reads it meanwhile gets the old one or the new one. It is nobody else's at any moment,
    whatever the umask; a wider `mode` is for a file that somebody opened on purpose. Raises
    `OSError`.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.chmod(mode)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
