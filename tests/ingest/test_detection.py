"""A file on disk is judged as its bytes would be, and without holding them all."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import errors
from ingest.detection import FileFormat, detect, detect_file

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MEGABYTE = 1024 * 1024
BEGINNINGS = (
    b"", b"%PDF-1.7\n", b"PK\x03\x04", b"PK\x05\x06", b"MZ\x90\x00", b"{\\rtf1 ", OLE, b"<html>",
    b"<!DOCTYPE html>", b"\xef\xbb\xbf", b"\x89PNG\r\n", b"\x7fELF\x02", b"# Title\n", b" \n ",
)  # fmt: skip
NAMES = ("a.pdf", "a.docx", "a.md", "a.txt", "a.doc", "a.exe", "a", "a.csv", "a.html", "a.json")


def zipped(names: list[str], content: bytes = b"x") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return target.getvalue()


def outcome(judge: object, data: object, name: str) -> tuple[str, str]:
    try:
        return "read", judge(data, name)  # type: ignore[operator]
    except errors.ParseError as error:
        return type(error).__name__, str(error)


def on_disk(folder: Path, data: bytes) -> io.BufferedReader:
    path = folder / "file"
    path.write_bytes(data)
    return path.open("rb")


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=60), st.sampled_from(NAMES))
def test_both_ways_come_to_the_same(beginning: bytes, rest: bytes, name: str) -> None:
    data = beginning + rest
    assert outcome(detect_file, io.BytesIO(data), name) == outcome(detect, data, name)


@pytest.mark.parametrize("name", ["a.docx", "a.exe", "a"])
def test_a_large_archive_is_known_by_its_directory(tmp_path: Path, name: str) -> None:
    data = zipped(["[Content_Types].xml", "word/document.xml"], b"word" * MEGABYTE)
    with on_disk(tmp_path, data) as file:
        assert detect_file(file, name) == detect(data, name) == FileFormat.DOCX


def test_what_an_old_office_file_is_may_stand_far_inside(tmp_path: Path) -> None:
    data = OLE + b"\x00" * 3 * MEGABYTE + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 99
    with on_disk(tmp_path, data) as file, pytest.raises(errors.EncryptedFileError):
        detect_file(file, "a.xlsx")


def test_white_space_without_end_is_left_to_who_reads_it(tmp_path: Path) -> None:
    with on_disk(tmp_path, b" " * 2 * MEGABYTE) as file:
        assert detect_file(file, "a.txt") == FileFormat.TEXT


@pytest.mark.parametrize("comment", [b"", b"made by hand", b"PK\x05\x06 as a comment"])
def test_a_directory_that_would_fill_the_memory_is_never_read(comment: bytes) -> None:
    # The record at the end says where the directory is and how large.
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 40 * MEGABYTE, 0, len(comment))
    data = b"PK\x03\x04" + b"\x00" * 100 + end + comment
    if comment.startswith(b"PK"):
        # Python takes the last one for the record, and that is none.
        with pytest.raises(errors.DamagedFileError):
            detect(data, "a.docx")
        return
    with pytest.raises(errors.UnsafeFileError, match="directory of 40 MB"):
        detect(data, "a.docx")


@pytest.mark.parametrize("comment", [0, 65_535])
def test_nor_where_the_record_is_the_one_for_large_archives(comment: int) -> None:
    large = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 9, 9, 40 * MEGABYTE, 0
    ) + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 0xFFFFFFFF, 0, comment)
    small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 90, 0, comment)
    for record in (end, small):
        data = b"PK\x03\x04" + b"\x00" * 100 + large + record + b"c" * comment
        with pytest.raises(errors.UnsafeFileError, match="directory of 40 MB"):
            detect(data, "a.docx")


def test_a_record_hidden_in_another_is_not_taken_for_the_end() -> None:
    # The size holds the mark of a record, where a search from the end would find it first.
    size = int.from_bytes(b"PK\x05\x06", "little")
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, size, 0, 0)
    with pytest.raises(errors.UnsafeFileError, match="directory"):
        detect(b"PK\x03\x04" + b"\x00" * 100 + end, "a.docx")
