"""EPUB → its chapters, in the order of the spine."""

import io
import posixpath
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ingest.decoding import decode_text
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError
from ingest.hypertext import html_blocks
from ingest.stored_text import Block, assemble

if TYPE_CHECKING:
    from lxml.etree import _Element

_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})


def parse_epub(data: bytes) -> ParsedDocument:
    """Read a book; its navigation page is left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        try:
            container = _xml(archive.read("META-INF/container.xml"))
            package_path = str(container.xpath("//*[local-name()='rootfile']/@full-path")[0])
            package = _xml(archive.read(package_path))
        except (KeyError, IndexError) as error:
            message = "is damaged: the book's table of parts is missing"
            raise DamagedFileError(message) from error
        folder = posixpath.dirname(package_path)
        items = {item.get("id"): item for item in package.iter(_OPF + "item")}
        blocks: list[Block] = []
        for reference in package.iter(_OPF + "itemref"):
            item = items.get(reference.get("idref"))
            if item is None or item.get("media-type") not in _PAGES:
                continue
            if "nav" in str(item.get("properties") or None).split():
                continue
            path = posixpath.normpath(posixpath.join(folder, unquote(str(item.get("href")))))
            try:
                blocks += html_blocks(decode_text(archive.read(path)))
            except KeyError:
                continue
    return assemble(blocks, title=package.findtext(f".//{_DC}title") or None)


def _xml(data: bytes) -> "_Element":
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
