"""Word files rewritten so that nothing in them is overlooked by the reader that follows.

python-docx, on which unstructured stands, sees only paragraphs and tables directly in the body:
content controls, text boxes and formulas vanish without a word, and Strict Open XML does not
open. Corporate templates are full of all four.
"""

import io
import re
import zipfile
from typing import TYPE_CHECKING

from ingest.errors import DamagedFileError

if TYPE_CHECKING:
    from lxml.etree import _Element

CODE_MARK = "\ue000"
"""Put before the text of a paragraph set as code; a private character that no document shows."""

HEADING_MARK = "\ue001"
"""Put before a short paragraph that is bold from end to end: a heading that has no style."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_BODY = "word/document.xml"
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_CODE_STYLES = re.compile(
    r"^(?:source ?code|html ?preformatted|code|code ?block|verbatim|plain ?code|macro ?text)$",
    re.IGNORECASE,
)
_MAX_BOLD_LINE = 80
_MONOSPACED = re.compile(
    r"courier|consolas|menlo|monaco|monospace|source code|lucida console|fira code|jetbrains",
    re.IGNORECASE,
)
_LOOKS_LIKE_CODE = re.compile(r"[{}();=<>$\[\]|]|^\s{2,}\S")


def transitional(data: bytes) -> bytes:
    """Turn Strict Open XML into the Transitional form that everything reads; leave others alone."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            main = next(
                (name for name in (_BODY, "xl/workbook.xml", "ppt/presentation.xml")
                 if name in archive.namelist()), None
            )  # fmt: skip
            if main is None or b"purl.oclc.org/ooxml" not in archive.read(main):
                return data
            parts = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise _damaged() from error
    return _zipped({
        name: _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", part)
        if name.endswith((".xml", ".rels")) else part
        for name, part in parts.items()
    })  # fmt: skip


def plain_docx(data: bytes) -> bytes:
    """Rewrite a Word file's body: controls unwrapped, text boxes and formulas as text."""
    from lxml import etree

    data = transitional(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise _damaged() from error
    if _BODY not in parts:
        raise _damaged()
    safe = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(parts[_BODY], safe)
    except etree.XMLSyntaxError as error:
        raise _damaged() from error
    styles = _code_styles(parts.get("word/styles.xml", b""), safe)
    _choose_alternatives(root)
    _unwrap_controls(root)
    _write_formulas(root)
    _lift_text_boxes(root)
    _mark_code(root, styles)
    _mark_bold_lines(root)
    parts[_BODY] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return _zipped(parts)


def _damaged() -> DamagedFileError:
    return DamagedFileError("is damaged: parts of the document are missing; save it again in Word")


def _zipped(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target.getvalue()


def _choose_alternatives(root: "_Element") -> None:
    """Drop the renderings for old programs: they say everything a second time."""
    for fallback in list(root.iter(_MC + "Fallback")):
        parent = fallback.getparent()
        if parent is not None and parent.find(_MC + "Choice") is not None:
            parent.remove(fallback)


def _unwrap_controls(root: "_Element") -> None:
    """Put a content control's content in the control's place (and an insertion's runs, too)."""
    for name in ("sdt", "smartTag", "ins", "customXml"):
        for control in list(root.iter(_W + name)):
            parent = control.getparent()
            if parent is None or parent.tag in {_W + "rPr", _W + "trPr", _W + "pPr"}:
                continue
            content = control.find(_W + "sdtContent") if name == "sdt" else control
            place = parent.index(control)
            for child in list(content) if content is not None else ():
                parent.insert(place, child)
                place += 1
            parent.remove(control)


def _lift_text_boxes(root: "_Element") -> None:
    """Move what text boxes say behind the paragraph that anchors them."""
    for box in list(root.iter(_W + "txbxContent")):
        anchor = box.getparent()
        while anchor is not None and anchor.tag != _W + "p":
            anchor = anchor.getparent()
        if anchor is None or anchor.getparent() is None:
            continue
        place = anchor
        for child in list(box):
            place.addnext(child)
            place = child


def _write_formulas(root: "_Element") -> None:
    for formula in list(root.iter(_M + "oMath")):
        parent = formula.getparent()
        if parent is None:
            continue
        text = _formula(formula)
        target = formula
        if parent.tag == _M + "oMathPara":
            target = parent
            if len(parent.findall(_M + "oMath")) > 1:
                text = " ".join(_formula(part) for part in parent.findall(_M + "oMath"))
        holder = target.getparent()
        if holder is None:
            continue
        run = holder.makeelement(_W + "r", {})
        leaf = run.makeelement(_W + "t", {_XML_SPACE: "preserve"})
        leaf.text = f" {text} " if target is formula else text
        run.append(leaf)
        if holder.tag in {_W + "body", _W + "tc"}:
            paragraph = holder.makeelement(_W + "p", {})
            paragraph.append(run)
            run = paragraph
        holder.replace(target, run)


def _formula(node: "_Element") -> str:  # noqa: C901, PLR0911 - one case a construct
    """Write a formula on one line, as one would in a mail: `(a+b)/c`, `x^2`, `√(x)`."""

    def part(name: str) -> str:
        found = node.find(_M + name)
        return _formula(found) if found is not None else ""

    def bracketed(text: str) -> str:
        return text if len(text) <= 1 or text.isalnum() else f"({text})"

    match node.tag.removeprefix(_M):
        case "t":
            return node.text or ""
        case "f":
            return f"{bracketed(part('num'))}/{bracketed(part('den'))}"
        case "sSup":
            return f"{part('e')}^{bracketed(part('sup'))}"
        case "sSub":
            return f"{part('e')}_{bracketed(part('sub'))}"
        case "sSubSup":
            return f"{part('e')}_{bracketed(part('sub'))}^{bracketed(part('sup'))}"
        case "rad":
            return f"{part('deg')}\u221a{bracketed(part('e'))}"
        case "d":
            return f"({', '.join(_formula(entry) for entry in node.findall(_M + 'e'))})"
        case "nary":
            sign = node.find(f"{_M}naryPr/{_M}chr")
            mark = sign.get(_M + "val", "\u222b") if sign is not None else "\u222b"
            limits = "".join(
                f"{joint}{bracketed(part(name))}"
                for joint, name in (("_", "sub"), ("^", "sup"))
                if part(name)
            )
            return f"{mark}{limits} {part('e')}"
        case "func":
            return f"{part('fName')}({part('e')})"
        case name if name.endswith("Pr"):
            return ""
        case _:
            return "".join(_formula(child) for child in node if isinstance(child.tag, str))


def _code_styles(raw: bytes, parser: object) -> set[str]:
    from lxml import etree

    if not raw:
        return set()
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError:
        return set()
    found: set[str] = set()
    for style in root.iter(_W + "style"):
        name = style.find(_W + "name")
        if name is not None and _CODE_STYLES.match(str(name.get(_W + "val"))):
            found.add(str(style.get(_W + "styleId")))
    return found


def _mark_code(root: "_Element", styles: set[str]) -> None:
    for paragraph in root.iter(_W + "p"):
        leaves = [leaf for leaf in paragraph.iter(_W + "t") if leaf.text]
        if leaves and _is_code(paragraph, leaves, styles):
            leaves[0].text = CODE_MARK + (leaves[0].text or "")


def _is_code(paragraph: "_Element", leaves: "list[_Element]", styles: set[str]) -> bool:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    if style is not None and style.get(_W + "val") in styles:
        return True
    return all(_is_monospaced(leaf) for leaf in leaves) and bool(
        _LOOKS_LIKE_CODE.search("".join(leaf.text or "" for leaf in leaves))
    )


def _is_monospaced(leaf: "_Element") -> bool:
    run = leaf.getparent()
    fonts = run.find(f"{_W}rPr/{_W}rFonts") if run is not None else None
    return fonts is not None and bool(_MONOSPACED.search(str(fonts.get(_W + "ascii") or "")))


def _mark_bold_lines(root: "_Element") -> None:
    """Mark what people make headings of who do not use styles: a short bold line on its own."""
    body = root.find(_W + "body")
    for paragraph in body.findall(_W + "p") if body is not None else ():
        leaves = [leaf for leaf in paragraph.iter(_W + "t") if (leaf.text or "").strip()]
        text = "".join(leaf.text or "" for leaf in paragraph.iter(_W + "t")).strip()
        listed = paragraph.find(f"{_W}pPr/{_W}numPr") is not None
        if (
            leaves
            and not listed
            and len(text) <= _MAX_BOLD_LINE
            and text[-1] not in ".,;:!?"
            and any(character.isalpha() for character in text)
            and all(_is_bold(leaf) for leaf in leaves)
        ):
            leaves[0].text = HEADING_MARK + (leaves[0].text or "")


def _is_bold(leaf: "_Element") -> bool:
    run = leaf.getparent()
    mark = run.find(f"{_W}rPr/{_W}b") if run is not None else None
    return mark is not None and mark.get(_W + "val") not in {"0", "false", "none"}
