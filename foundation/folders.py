"""Folders that only their owner may look into."""

from pathlib import Path

_OWNER_ONLY = 0o700


def private_folder(path: Path) -> Path:
    """Make a folder, and what is missing above it, for its owner only; returns it.

    It will hold documents, questions and the token secret. A folder that exists keeps its mode:
    whoever made it may have opened it on purpose. Raises `OSError`.
    """
    if not path.exists():
        private_folder(path.parent)
    path.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    return path
