"""What a file is, by its content first and its name second, and whether it is safe to open.

Content that says plainly what it is (a PDF, a Word file, RTF) is read as that, whatever its
suffix: a Word file named `.txt` is a Word file. A name that promises such a format over content
that is not is refused: an HTML page called `report.pdf` is nearly always an error page that
somebody saved, and nobody wants that quoted.
"""

import io
import mmap
import struct
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import BinaryIO

from ingest.errors import (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
    MislabelledFileError,
    TooLargeError,
    UnsafeFileError,
    UnsupportedFormatError,
)


class FileFormat(StrEnum):
    """A format that is read, named by its usual suffix."""

    MARKDOWN = "md"
    MDX = "mdx"
    HTML = "html"
    TEXT = "txt"
    RST = "rst"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSON_LINES = "jsonl"
    YAML = "yml"
    EMAIL = "eml"
    OUTLOOK = "msg"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    RTF = "rtf"
    EPUB = "epub"
    PDF = "pdf"


_ALIASES = {
    "markdown": FileFormat.MARKDOWN, "htm": FileFormat.HTML, "xhtml": FileFormat.HTML,
    "text": FileFormat.TEXT, "log": FileFormat.TEXT, "yaml": FileFormat.YAML,
    "ndjson": FileFormat.JSON_LINES, "tab": FileFormat.TSV,
    "docm": FileFormat.DOCX, "dotx": FileFormat.DOCX, "pptm": FileFormat.PPTX,
    "ppsx": FileFormat.PPTX, "xlsm": FileFormat.XLSX, "xltx": FileFormat.XLSX,
}  # fmt: skip
SUFFIXES = {member.value: member for member in FileFormat} | _ALIASES
"""Every suffix that is read, without its dot, and what it stands for."""

_LEGACY = {"doc": "docx", "dot": "docx", "xls": "xlsx", "ppt": "pptx", "pps": "pptx"}
_BINARY_FORMATS = frozenset({
    FileFormat.DOCX, FileFormat.PPTX, FileFormat.XLSX, FileFormat.OUTLOOK, FileFormat.ODT,
    FileFormat.ODS, FileFormat.ODP, FileFormat.RTF, FileFormat.EPUB, FileFormat.PDF,
})  # fmt: skip
_MEGABYTE = 1024 * 1024
MAX_BINARY_BYTES = 100 * _MEGABYTE
MAX_TEXT_BYTES = 50 * _MEGABYTE
_MAX_UNPACKED_BYTES = 1024 * _MEGABYTE
_MAX_ENTRIES = 20_000
# Office XML packs 5 to 40 times; deflate cannot pass 1,032. Small files may be oddly regular.
_MAX_RATIO = 200
_RATIO_MATTERS_FROM = 20 * _MEGABYTE

_FOREIGN = (
    (b"\x89PNG", "a PNG picture"), (b"\xff\xd8\xff", "a JPEG picture"), (b"GIF8", "a GIF picture"),
    (b"MZ", "a Windows program"), (b"\x7fELF", "a program"), (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a RAR archive"), (b"BZh", "a bzip2 archive"),
    (b"II*\x00", "a TIFF picture"), (b"MM\x00*", "a TIFF picture"),
    (b"SQLite format 3", "a database"), (b"OggS", "a sound file"), (b"ID3", "a sound file"),
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD_BYTES = 1024 * 1024
# An entry of an archive's directory with a name of middling length.
_MAX_DIRECTORY_BYTES = _MAX_ENTRIES * 256
_ARCHIVE_END = struct.Struct("<4s4H2LH")
_ARCHIVE_END_64 = struct.Struct("<4sQ2H2L4Q")
_END_MARK = b"PK\x05\x06"
_LOCATOR_MARK = b"PK\x06\x07"
_LOCATOR_BYTES = 20
_LONGEST_COMMENT = 65_536
_PDF_HEADER_WITHIN = 1024


def suffix_of(uri: str) -> str:
    """Return the suffix of a path or address in lower case, without its dot."""
    return PurePosixPath(uri).suffix.lower().lstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """A file's beginning, and the whole of it to look into. `size` is in bytes."""

    head: bytes
    size: int
    file: BinaryIO

    def holds(self, needle: bytes) -> bool:
        if len(self.head) == self.size:
            return needle in self.head
        with mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            return whole.find(needle) >= 0


def detect(data: bytes, uri: str) -> FileFormat:
    """Say what the file is, or raise the ParseError that says why it is not read."""
    return _detect(_Content(head=data, size=len(data), file=io.BytesIO(data)), uri)


def detect_file(file: BinaryIO, uri: str) -> FileFormat:
    """The same of a file on disk, without holding the whole of it.

    What only shows further inside, such as white space without end, is left to who reads it.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return _detect(_Content(head=file.read(_HEAD_BYTES), size=size, file=file), uri)


def _detect(content: _Content, uri: str) -> FileFormat:
    data, suffix = content.head, suffix_of(uri)
    named = SUFFIXES.get(suffix)
    whole = len(data) == content.size
    if (
        whole
        and not data.strip(b" \t\r\n\x00\xef\xbb\xbf")
        and not data.strip(b" \t\r\n\xef\xbb\xbf")
    ):
        message = "is empty"
        raise EmptyFileError(message)
    found = _by_content(content, suffix)
    if found is None and suffix in _LEGACY:
        message = f"is in the old .{suffix} format: save it as {_LEGACY[suffix]} and add that"
        raise UnsupportedFormatError(message)
    if found is None and named in _BINARY_FORMATS:
        _refuse_impostor(data, suffix)
    resolved = found or named
    if resolved is None:
        message = f"is a kind of file that is not read (.{suffix or 'without suffix'})"
        raise UnsupportedFormatError(message)
    limit = MAX_BINARY_BYTES if resolved in _BINARY_FORMATS else MAX_TEXT_BYTES
    if content.size > limit:
        raise too_large(content.size, limit)
    return resolved


def too_large(size: int, limit: int) -> TooLargeError:
    """Make the error for a file over its limit, so that both places word it alike."""
    return TooLargeError(
        f"is {size / _MEGABYTE:.0f} MB, more than the {limit // _MEGABYTE} MB that are read: "
        "split it"
    )


def _by_content(content: _Content, suffix: str) -> FileFormat | None:  # noqa: PLR0911 - a list of cases reads best as one
    data = content.head
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_format(content)
    if data.startswith(_OLE):
        return _ole_format(content, suffix)
    if b"%PDF-" in data[:_PDF_HEADER_WITHIN] and (suffix not in SUFFIXES or suffix == "pdf"):
        return FileFormat.PDF
    if data.startswith(b"%PDF-"):
        return FileFormat.PDF
    if data.lstrip()[:5] == b"{\\rtf":
        return FileFormat.RTF
    for magic, what in _FOREIGN:
        if data.startswith(magic) and b"\x00" in data[:4096]:
            message = f"is {what}" + (f", not what .{suffix} promises" if suffix else "")
            raise MislabelledFileError(message)
    if suffix in {"txt", "text", ""} and data.lstrip(b"\xef\xbb\xbf \t\r\n")[
        :14
    ].lower().startswith((b"<!doctype html", b"<html")):
        return FileFormat.HTML
    return None


def _refuse_impostor(data: bytes, suffix: str) -> None:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        message = f"is a web page, not what .{suffix} promises: download the real file again"
        raise MislabelledFileError(message)
    if data.count(0, 0, 65_536) > 0.9 * min(len(data), 65_536):
        message = "holds nothing but NUL bytes: the copy failed, copy it again"
        raise DamagedFileError(message)
    message = f"is not a .{suffix} file: its content is something else or its beginning is lost"
    raise MislabelledFileError(message)


def _zip_format(content: _Content) -> FileFormat:
    _check_directory(content)
    try:
        with zipfile.ZipFile(content.file) as archive:
            entries = archive.infolist()
            mimetype = _small_entry(archive, "mimetype")
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError) as error:
        message = "is damaged: its directory is missing or broken, often a cut-off download"
        raise DamagedFileError(message) from error
    _check_bomb(entries, content.size)
    if any(entry.flag_bits & 1 for entry in entries):
        message = "is encrypted: save it without a password"
        raise EncryptedFileError(message)
    names = {entry.filename for entry in entries}
    for prefix, office in (
        ("word/", FileFormat.DOCX), ("ppt/", FileFormat.PPTX), ("xl/", FileFormat.XLSX),
    ):  # fmt: skip
        if any(name.startswith(prefix) for name in names):
            return office
    for ending, other in (
        ("opendocument.text", FileFormat.ODT), ("opendocument.spreadsheet", FileFormat.ODS),
        ("opendocument.presentation", FileFormat.ODP), ("epub+zip", FileFormat.EPUB),
    ):  # fmt: skip
        if ending in mimetype:
            return other
    if "META-INF/container.xml" in names:
        return FileFormat.EPUB
    message = "is a zip archive without a document in it: unpack it and add its files"
    raise UnsupportedFormatError(message)


def _small_entry(archive: zipfile.ZipFile, name: str) -> str:
    try:
        with archive.open(name) as handle:
            return handle.read(200).decode("ascii", errors="ignore")
    except KeyError:
        return ""


def _check_directory(content: _Content) -> None:
    """Refuse an archive whose directory alone would fill the memory of who reads it."""
    longest = _LONGEST_COMMENT + _ARCHIVE_END.size + _LOCATOR_BYTES + _ARCHIVE_END_64.size
    content.file.seek(max(0, content.size - longest))
    tail = content.file.read()
    # Where zipfile looks too: at the very end, else for the last one before a comment.
    at = len(tail) - _ARCHIVE_END.size
    if at < 0 or not (tail.startswith(_END_MARK, at) and tail.endswith(b"\x00\x00")):
        at = tail.rfind(_END_MARK)
    if at < 0 or at + _ARCHIVE_END.size > len(tail):
        return  # damaged, as is found out when it is opened
    size = _ARCHIVE_END.unpack_from(tail, at)[5]
    at_64 = at - _LOCATOR_BYTES - _ARCHIVE_END_64.size
    if at_64 >= 0 and tail.startswith(_LOCATOR_MARK, at - _LOCATOR_BYTES):
        size = _ARCHIVE_END_64.unpack_from(tail, at_64)[8]
    if size > _MAX_DIRECTORY_BYTES:
        message = (
            f"has a directory of {size / _MEGABYTE:.0f} MB inside, which no document needs: "
            "not opened"
        )
        raise UnsafeFileError(message)


def _check_bomb(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """Judge an archive by its directory, before anything in it is unpacked."""
    if len(entries) > _MAX_ENTRIES:
        message = f"holds {len(entries)} parts inside, which no document needs: not opened"
        raise UnsafeFileError(message)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MAX_UNPACKED_BYTES or (
        unpacked > _RATIO_MATTERS_FROM and unpacked > _MAX_RATIO * packed
    ):
        message = (
            f"would unpack from {packed / _MEGABYTE:.1f} to {unpacked / _MEGABYTE:.0f} MB, "
            "as a zip bomb does: not opened"
        )
        raise UnsafeFileError(message)


def _ole_format(content: _Content, suffix: str) -> FileFormat:
    def holds(name: str) -> bool:
        return content.holds(name.encode("utf-16-le"))

    if holds("EncryptedPackage"):
        message = "is encrypted: save it without a password"
        raise EncryptedFileError(message)
    if holds("__substg1.0_") or holds("__properties_version1.0"):
        return FileFormat.OUTLOOK
    for stream, legacy, modern in (
        ("WordDocument", "Word", "docx"), ("Workbook", "Excel", "xlsx"), ("Book", "Excel", "xlsx"),
        ("PowerPoint Document", "PowerPoint", "pptx"),
    ):  # fmt: skip
        if holds(stream):
            message = f"is in the old binary {legacy} format: save it as {modern} and add that"
            raise UnsupportedFormatError(message)
    message = f"is an old binary Office file of unknown kind (.{suffix}): save it as docx or pdf"
    raise UnsupportedFormatError(message)
