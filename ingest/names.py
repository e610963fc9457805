"""Names of files as URIs, and as something that is safe to print.

A file's name is written by strangers. In a report it must not forge a line or turn the text
around; as a URI it must be the same on every machine.
"""

import re
import unicodedata

from ingest.errors import SourceError

# Controls, line and paragraph separators, marks that reorder what is shown, lone surrogates
# (bytes that are not UTF-8), non-characters. The joiners U+200C and U+200D belong to scripts.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff]"
)
_MAX_SHOWN = 300


def shown(name: str) -> str:
    """Return a name that can stand in a one-line report: what cannot be shown is escaped."""
    escaped = _UNSAFE.sub(_escape, name)
    return escaped if len(escaped) <= _MAX_SHOWN else f"{escaped[: _MAX_SHOWN - 1]}…"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - how Python carries a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004


def uri_of(relative: str) -> str:
    """Return the URI of a path relative to its folder (with `/`), in Unicode NFC.

    Raises SourceError where the name cannot be one.
    """
    unsafe = _UNSAFE.search(relative)
    if unsafe:
        code = ord(unsafe[0])
        what = (
            "bytes that are not UTF-8"
            if 0xD800 <= code <= 0xDFFF  # noqa: PLR2004
            else f"a character that cannot be shown (U+{code:04X})"
        )
        raise SourceError(f"its name holds {what}; rename it")
    return unicodedata.normalize("NFC", relative)
