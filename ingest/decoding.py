"""Bytes of a text file → str, for files whose encoding nobody wrote down."""

import codecs
import re

from ingest.errors import DamagedFileError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 65_536
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]{0,100}encoding=["']([\w.:-]+)""",
    re.IGNORECASE,
)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BINARY_SHARE = 0.02
_BROKEN_UTF8_SHARE = 0.005
_MULTIBYTE = [
    "utf_8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "koi8_r",
]  # fmt: skip


def decode_text(data: bytes) -> str:
    """Decode by byte order mark, UTF-8, declaration, then a guess; Latin-1 never fails.

    Raises DamagedFileError where the result is full of NULs and control characters: then it is
    not text, whatever the file's name says.
    """
    text = _decode(data)
    if len(_BINARY.findall(text)) > max(2, _BINARY_SHARE * len(text)):
        message = "is not text: it is full of NUL or control bytes; export it as text again"
        raise DamagedFileError(message)
    return text


def _decode(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    utf16 = utf16_without_mark(data[:_SAMPLE_BYTES])
    if utf16:
        return data.decode(utf16, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(data)


def utf16_without_mark(sample: bytes) -> str:
    """Name UTF-16's byte order where nearly every second byte is NUL; empty otherwise."""
    half = len(sample) // 2
    if half < 4:  # noqa: PLR2004 - too little to tell
        return ""
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:  # noqa: PLR2004 - Latin text: high bytes are zero
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:  # noqa: PLR2004
        return "utf-16-be"
    return ""


def _decode_legacy(data: bytes) -> str:
    declared = _DECLARED.search(data[:4096])
    if declared:
        name = (declared[1] or declared[2]).decode("ascii", errors="ignore")
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            pass
    repaired = data.decode("utf-8", errors="replace")
    high_bytes = sum(byte > 0x7F for byte in data[:_SAMPLE_BYTES])  # noqa: PLR2004
    # A multi-byte text with a few broken bytes is UTF-8 with a scar, not Latin-1.
    if repaired.count("\ufffd") < _BROKEN_UTF8_SHARE * high_bytes:
        return repaired
    # In Western texts one letter in ten is accented; a page of high bytes is another script.
    if high_bytes > 0.35 * min(len(data), _SAMPLE_BYTES):
        from charset_normalizer import from_bytes

        best = from_bytes(data[:_SAMPLE_BYTES], cp_isolation=_MULTIBYTE).best()
        if best is not None:
            return data.decode(best.encoding, errors="replace")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")
