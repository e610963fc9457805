"""What cannot be read is refused in one line that its owner understands."""

import io
import zipfile
from pathlib import Path

import pytest

from ingest import errors
from ingest.detection import MAX_TEXT_BYTES
from ingest.parsing import parse

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500


def zipped(entries: dict[str, bytes], *, encrypted: bool = False) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    data = bytearray(target.getvalue())
    if encrypted:
        data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def ole_with(stream: str) -> bytes:
    return OLE + stream.encode("utf-16-le") + b"\x00" * 500


WORD = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>" * 4000})


@pytest.mark.parametrize(
    ("data", "name", "kind", "says"),
    [
        (b"", "a.md", errors.EmptyFileError, "is empty"),
        (b" \r\n\t", "a.txt", errors.EmptyFileError, "is empty"),
        (b"\xef\xbb\xbf", "a.csv", errors.EmptyFileError, "is empty"),
        (b"<!-- x --><script>1</script>", "a.html", errors.EmptyFileError, "no text"),
        (b"\x00" * 4000, "a.txt", errors.DamagedFileError, "NUL"),
        (b"\x00" * 4000, "a.docx", errors.DamagedFileError, "NUL"),
        (b"a\x00\x01\x02b" * 900, "a.md", errors.DamagedFileError, "not text"),
        (PNG, "a.docx", errors.MislabelledFileError, "PNG"),
        (PNG, "a.md", errors.MislabelledFileError, "PNG"),
        (b"<!DOCTYPE html><p>403", "a.pdf", errors.MislabelledFileError, "web page"),
        (b"just words", "a.xlsx", errors.MislabelledFileError, "not a .xlsx"),
        (WORD[: len(WORD) // 2], "a.docx", errors.DamagedFileError, "damaged"),
        (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "a.pdf", errors.DamagedFileError, "truncated"),
        (b"%PDF-1.7\nnonsense\n%%EOF", "a.pdf", errors.DamagedFileError, "damaged"),
        (rb"{\rtf1 Hello \par", "a.rtf", errors.DamagedFileError, "truncated"),
        (b'{"a": [1, 2', "a.json", errors.DamagedFileError, "line 1"),
        (b"a: [1, 2\nb: }", "a.yml", errors.DamagedFileError, "YAML"),
        (b"Dear all,\nno headers here", "a.eml", errors.DamagedFileError, "not a mail"),
        (ole_with("EncryptedPackage"), "a.xlsx", errors.EncryptedFileError, "password"),
        (ole_with("WordDocument"), "a.doc", errors.UnsupportedFormatError, "save it as docx"),
        (ole_with("Workbook"), "a.docx", errors.UnsupportedFormatError, "save it as xlsx"),
        (b"plain", "a.ppt", errors.UnsupportedFormatError, "save it as pptx"),
        (b"plain", "a.org", errors.UnsupportedFormatError, ".org"),
        (zipped({"a.txt": b"x"}), "a.zip", errors.UnsupportedFormatError, "zip archive"),
        (zipped({"word/document.xml": b"x"}, encrypted=True), "a.docx",
         errors.EncryptedFileError, "encrypted"),
        (b"word " * (MAX_TEXT_BYTES // 5 + 1), "a.txt", errors.TooLargeError, "split it"),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else None,
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why_in_one_line(
    data: bytes, name: str, kind: type[errors.ParseError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        parse(data, uri=name)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("suffix", ["docx", "pptx", "xlsx", "odt", "epub", "zip"])
def test_a_zip_bomb_is_not_opened(suffix: str) -> None:
    bomb = zipped({"word/document.xml": b"\x00" * 60_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(errors.UnsafeFileError, match="zip bomb"):
        parse(bomb, uri=f"a.{suffix}")


def test_an_archive_of_countless_parts_is_not_opened() -> None:
    crowded = zipped({f"word/{number}": b"" for number in range(20_001)})
    with pytest.raises(errors.UnsafeFileError, match="20001 parts"):
        parse(crowded, uri="a.docx")


def test_a_file_of_200_megabytes_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.pdf"
    with path.open("wb") as handle:
        handle.truncate(200 * 1024 * 1024)
    with pytest.raises(errors.TooLargeError, match="200 MB"):
        parse(path, uri="huge.pdf")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(errors.ParseError, match="cannot be opened"):
        parse(tmp_path / "gone.md", uri="gone.md")


def test_yaml_aliases_cannot_multiply_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(errors.TooLargeError):
        parse("\n".join(lines).encode(), uri="bomb.yml")


def test_json_nested_without_end_is_refused() -> None:
    with pytest.raises(errors.ParseError):
        parse(b"[" * 200_000, uri="deep.json")


def test_content_wins_over_the_name_where_it_says_plainly_what_it_is() -> None:
    assert parse(rb"{\rtf1 Hello there}", uri="notes.txt").text == "Hello there"
    assert parse(b"<html><h1>Hi</h1><p>You</p></html>", uri="page.txt").text == "Hi\n\nYou"
    assert "<html>" not in parse(b"Plain text", uri="page.html").text


def test_every_error_is_a_parse_error_with_the_house_as_its_root() -> None:
    leaves = [
        errors.EmptyFileError, errors.EncryptedFileError, errors.DamagedFileError,
        errors.MislabelledFileError, errors.UnsafeFileError, errors.TooLargeError,
        errors.UnsupportedFormatError, errors.ParseTimeoutError, errors.ParseMemoryError,
        errors.ParserCrashError,
    ]  # fmt: skip
    assert all(issubclass(leaf, errors.ParseError) for leaf in leaves)
    assert issubclass(errors.ParseError, errors.IngestError)
