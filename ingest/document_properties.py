"""The title that an Office file carries in its properties."""

import io
import re
import zipfile

_DC_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_LEFT_BY_PROGRAMS = re.compile(
    r"^(?:powerpoint presentation|presentation|untitled|title|document\d*|word document"
    r"|microsoft (?:word|powerpoint|excel)\b.*|.*\.(?:docx?|pptx?|xlsx?|dotx?|potx?))$",
    re.IGNORECASE,
)


def property_title(data: bytes) -> str:
    """Return the title property, empty where it is missing or a program's own leftover."""
    from lxml import etree

    safe = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = etree.fromstring(archive.read("docProps/core.xml"), safe)
    except (KeyError, zipfile.BadZipFile, etree.XMLSyntaxError):
        return ""
    title = " ".join((root.findtext(_DC_TITLE) or "").split())
    return "" if _LEFT_BY_PROGRAMS.match(title) else title
