"""A reader that does what the worst files make parsers do; the file's name says which."""

import ctypes
import os
import time

from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError
from ingest.includes import CorpusIncludes
from ingest.isolation import ParseTask
from ingest.stored_text import assemble, paragraph


def misbehave(task: ParseTask, includes: CorpusIncludes | None) -> ParsedDocument:
    """Hang, crash, eat memory, leave, refuse, or report the process's id."""
    del includes
    if task.uri == "hang":
        time.sleep(3600)
    elif task.uri == "spin":
        while True:
            pass
    elif task.uri == "crash":
        ctypes.string_at(0)
    elif task.uri == "leave":
        os._exit(7)
    elif task.uri == "gorge":
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(1) * 16_000_000))
    elif task.uri == "gulp":
        bytearray(1 << 40)
    elif task.uri == "refuse":
        message = "is damaged: on purpose"
        raise DamagedFileError(message) from ValueError("a cause that must not travel")
    return assemble([paragraph(f"{task.uri} by {os.getpid()}")])
