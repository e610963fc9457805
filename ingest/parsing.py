"""Bytes → elements: which reader a file gets."""

from pathlib import Path

from ingest.detection import MAX_BINARY_BYTES, FileFormat, detect, too_large
from ingest.decoding import decode_text
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
        size = path.stat().st_size
        if size > MAX_BINARY_BYTES:
            raise too_large(size, MAX_BINARY_BYTES)
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be opened: {error.strerror or 'the system refuses it'}"
        raise ParseError(message) from error


def _read_as(
    file_format: FileFormat, data: bytes, uri: str, resolve_include: IncludeResolver | None
) -> ParsedDocument:
    """Import just the reader that is needed: most are cheap, some are not."""
    match file_format:
        case FileFormat.MARKDOWN:
            from ingest.markdown import parse_markdown

            return parse_markdown(decode_text(data), uri=uri, resolve_include=resolve_include)
        case FileFormat.MDX:
            from ingest.markdown import parse_mdx

            return parse_mdx(decode_text(data), uri=uri, resolve_include=resolve_include)
        case FileFormat.HTML:
            from ingest.hypertext import parse_html

            return parse_html(decode_text(data))
        case FileFormat.TEXT:
            from ingest.plain_text import parse_text

            return parse_text(decode_text(data))
        case FileFormat.RST:
            from ingest.plain_text import parse_rst

            return parse_rst(decode_text(data), uri=uri, resolve_include=resolve_include)
        case FileFormat.CSV | FileFormat.TSV:
            from ingest.spreadsheet import parse_csv

            return parse_csv(decode_text(data), tabs=file_format is FileFormat.TSV)
        case FileFormat.XLSX:
            from ingest.spreadsheet import parse_xlsx

            return parse_xlsx(data)
        case FileFormat.JSON | FileFormat.JSON_LINES:
            from ingest.structured import parse_json

            return parse_json(decode_text(data))
        case FileFormat.YAML:
            from ingest.structured import parse_yaml

            return parse_yaml(decode_text(data), uri=uri, resolve_include=resolve_include)
        case FileFormat.DOCX:
            from ingest.word import parse_docx

            return parse_docx(data)
        case FileFormat.PPTX:
            from ingest.slides import parse_pptx

            return parse_pptx(data)
        case FileFormat.EMAIL:
            from ingest.mail import parse_eml

            return parse_eml(data)
        case FileFormat.OUTLOOK:
            from ingest.mail import parse_msg

            return parse_msg(data)
        case FileFormat.ODT | FileFormat.ODS | FileFormat.ODP:
            from ingest.opendocument import parse_opendocument

            return parse_opendocument(data)
        case FileFormat.RTF:
            from ingest.rich_text import parse_rtf

            return parse_rtf(data)
        case FileFormat.EPUB:
            from ingest.epub import parse_epub

            return parse_epub(data)
        case FileFormat.PDF:
            from ingest.pdf import parse_pdf

            return parse_pdf(data)
