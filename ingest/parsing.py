"""Bytes → elements: which reader a file gets."""

import stat
from pathlib import Path

from ingest.decoding import decode_text
from ingest.detection import MAX_BINARY_BYTES, FileFormat, detect, too_large
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError, EmptyFileError, ParseError
from ingest.markdown_source import IncludeResolver


def parse(
    data: bytes | Path, *, uri: str, resolve_include: IncludeResolver | None = None
) -> ParsedDocument:
    """Read a file into elements over one stored text.

    `uri` is its path relative to the corpus: its suffix decides where content does not, and
    includes are relative to it. `resolve_include` takes a path relative to the corpus and returns
    that snippet's text, or None.

    Raises a ParseError (see `ingest.errors`) whose message is one line for the file's owner.
    """
    if isinstance(data, Path):
        data = _read(data)
    file_format = detect(data, uri)
    try:
        document = _read_as(file_format, data, uri, resolve_include)
    except (ParseError, MemoryError):
        raise
    except Exception as error:
        # Whatever a reader's library throws at a broken file, it is the file that is broken.
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        message = f"is damaged or not quite {file_format}: {reason}"
        raise DamagedFileError(message) from error
    if not document.elements:
        message = "holds no text (a scan or pictures only, perhaps)"
        raise EmptyFileError(message)
    return document


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            message = "is not a regular file"
            raise ParseError(message)
        size = status.st_size
        if size > MAX_BINARY_BYTES:
            raise too_large(size, MAX_BINARY_BYTES)
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be opened: {error.strerror or 'the system refuses it'}"
        raise ParseError(message) from error


def _read_as(
    file_format: FileFormat, data: bytes, uri: str, resolve_include: IncludeResolver | None
) -> ParsedDocument:
    """Choose the family; each imports just the reader that is needed: some are not cheap."""
    match file_format:
        case FileFormat.MARKDOWN | FileFormat.MDX | FileFormat.RST | FileFormat.YAML:
            return _read_page(file_format, decode_text(data), uri, resolve_include)
        case FileFormat.EMAIL | FileFormat.OUTLOOK:
            return _read_mail(file_format, data)
        case FileFormat.DOCX | FileFormat.PPTX | FileFormat.XLSX:
            return _read_office(file_format, data)
        case FileFormat.PDF | FileFormat.EPUB | FileFormat.RTF:
            return _read_book(file_format, data)
        case FileFormat.ODT | FileFormat.ODS | FileFormat.ODP:
            from ingest.opendocument import parse_opendocument

            return parse_opendocument(data)
        case _:
            return _read_text(file_format, decode_text(data))


def _read_page(
    file_format: FileFormat, text: str, uri: str, resolve_include: IncludeResolver | None
) -> ParsedDocument:
    """Read a page of a documentation site: these include each other."""
    match file_format:
        case FileFormat.RST:
            from ingest.rst import parse_rst

            return parse_rst(text, uri=uri, resolve_include=resolve_include)
        case FileFormat.YAML:
            from ingest.structured import parse_yaml

            return parse_yaml(text, uri=uri, resolve_include=resolve_include)
        case FileFormat.MDX:
            from ingest.markdown import parse_mdx

            return parse_mdx(text, uri=uri, resolve_include=resolve_include)
        case _:
            from ingest.markdown import parse_markdown

            return parse_markdown(text, uri=uri, resolve_include=resolve_include)


def _read_text(file_format: FileFormat, text: str) -> ParsedDocument:
    match file_format:
        case FileFormat.HTML:
            from ingest.hypertext import parse_html

            return parse_html(text)
        case FileFormat.CSV | FileFormat.TSV:
            from ingest.spreadsheet import parse_csv

            return parse_csv(text, delimiter="\t" if file_format is FileFormat.TSV else None)
        case FileFormat.JSON | FileFormat.JSON_LINES:
            from ingest.structured import parse_json

            return parse_json(text)
        case _:
            from ingest.plain_text import parse_text

            return parse_text(text)


def _read_mail(file_format: FileFormat, data: bytes) -> ParsedDocument:
    from ingest.mail import parse_eml, parse_msg

    return parse_msg(data) if file_format is FileFormat.OUTLOOK else parse_eml(data)


def _read_office(file_format: FileFormat, data: bytes) -> ParsedDocument:
    match file_format:
        case FileFormat.DOCX:
            from ingest.word import parse_docx

            return parse_docx(data)
        case FileFormat.PPTX:
            from ingest.slides import parse_pptx

            return parse_pptx(data)
        case _:
            from ingest.spreadsheet import parse_xlsx

            return parse_xlsx(data)


def _read_book(file_format: FileFormat, data: bytes) -> ParsedDocument:
    match file_format:
        case FileFormat.PDF:
            from ingest.pdf import parse_pdf

            return parse_pdf(data)
        case FileFormat.EPUB:
            from ingest.epub import parse_epub

            return parse_epub(data)
        case _:
            from ingest.rich_text import parse_rtf

            return parse_rtf(data)
