"""Every format gives the same kind of stored text, with nothing lost on the way."""

import io
import json
import zipfile
from email.message import EmailMessage

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingest.element import ElementKind, ParsedDocument
from ingest.errors import EncryptedFileError
from ingest.parsing import parse

ROWS = [["Code", "Meaning"], ["ERR-4012", "Out of stock"], ["ERR-4013", "Held"]]
TABLE = "| Code | Meaning |\n| ERR-4012 | Out of stock |\n| ERR-4013 | Held |"


def saved(document: object) -> bytes:
    target = io.BytesIO()
    document.save(target)  # type: ignore[attr-defined]
    return target.getvalue()


def kinds(document: ParsedDocument) -> list[ElementKind]:
    return [element.kind for element in document.elements]


@pytest.fixture(autouse=True)
def _libraries_may_warn(recwarn: pytest.WarningsRecorder) -> None:
    """Warnings of spaCy and openpyxl about themselves are not ours to mend."""


# Word


def test_word_keeps_headings_lists_tables_and_its_title() -> None:
    word = docx.Document()
    word.core_properties.title = "Returns policy"
    word.add_heading("Returns", level=1)
    word.add_paragraph("Send it back within 30 days.")
    word.add_paragraph("Pack it", style="List Number")
    word.add_paragraph("Send it", style="List Number")
    word.add_paragraph("A bullet", style="List Bullet")
    made = word.add_table(rows=3, cols=2)
    for row, cells in zip(made.rows, ROWS, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document = parse(saved(word), uri="returns.docx")
    assert document.title == "Returns policy"
    assert document.text.startswith(
        "Returns\n\nSend it back within 30 days.\n\n1. Pack it\n2. Send"
    )
    assert document.text.endswith(TABLE)
    assert document.elements[-1].locator.heading_path == ("Returns",)


def test_word_shows_content_controls_text_boxes_and_formulas() -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("Before")
    paragraph._p.addnext(  # noqa: SLF001 - python-docx has no other way in
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>Inside a control</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>"
        )
    )
    paragraph._p.append(  # noqa: SLF001
        parse_xml(
            f"<w:r {nsdecls('w')}><w:pict><w:txbxContent><w:p><w:r><w:t>Inside a box</w:t></w:r>"
            "</w:p></w:txbxContent></w:pict></w:r>"
        )
    )
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    word.add_paragraph("Area")._p.append(  # noqa: SLF001
        parse_xml(
            f'<m:oMath xmlns:m="{math}"><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num>'
            "<m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>"
        )
    )
    text = parse(saved(word), uri="controls.docx").text
    assert "Inside a control" in text
    assert text.count("Inside a box") == 1
    assert "Area (a+b)/2" in text


def test_a_bold_line_on_its_own_is_a_heading_below_the_styled_ones() -> None:
    word = docx.Document()
    word.add_heading("Returns", level=1)
    word.add_paragraph().add_run("Shipping labels").bold = True
    word.add_paragraph("Print one.").add_run(" Always").bold = True
    word.add_paragraph().add_run("This whole sentence is bold for emphasis.").bold = True
    document = parse(saved(word), uri="bold.docx")
    assert kinds(document) == [
        ElementKind.HEADING, ElementKind.HEADING, ElementKind.PARAGRAPH, ElementKind.PARAGRAPH,
    ]  # fmt: skip
    assert document.elements[2].locator.heading_path == ("Returns", "Shipping labels")


def test_word_in_the_strict_dialect_opens() -> None:
    word = docx.Document()
    word.add_paragraph("Strictly speaking")
    with zipfile.ZipFile(io.BytesIO(saved(word))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            strict = part.replace(
                b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                b"http://purl.oclc.org/ooxml/officeDocument/relationships",
            ).replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            )
            archive.writestr(name, strict)
    assert parse(target.getvalue(), uri="strict.docx").text == "Strictly speaking"


# PowerPoint


def test_slides_keep_titles_inherited_bullets_tables_and_notes_with_page_numbers() -> None:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Onboarding"
    body = first.placeholders[1].text_frame
    body.text = "Connect the shop"
    sub = body.add_paragraph()
    sub.text, sub.level = "Check the key", 1
    first.notes_slide.notes_text_frame.text = "Say this aloud."
    second = deck.slides.add_slide(deck.slide_layouts[6])
    grid = second.shapes.add_table(3, 2, 0, 0, 4_000_000, 1_000_000).table
    for row, cells in enumerate(ROWS):
        for column, text in enumerate(cells):
            grid.cell(row, column).text = text
    document = parse(saved(deck), uri="deck.pptx")
    assert document.title == "Onboarding"
    assert document.text == (
        "Onboarding\n\n- Connect the shop\n  - Check the key\n\nNotes: Say this aloud.\n\n"
        "Slide 2\n\n" + TABLE
    )
    assert [element.locator.page for element in document.elements] == [1, 1, 1, 1, 2, 2]


def test_a_merged_cell_speaks_in_each_row_it_covers() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    grid = slide.shapes.add_table(2, 2, 0, 0, 4_000_000, 1_000_000).table
    grid.cell(0, 0).merge(grid.cell(1, 0))
    grid.cell(0, 0).text, grid.cell(0, 1).text, grid.cell(1, 1).text = "Gold", "1 h", "4 h"
    assert "| Gold | 1 h |\n| Gold | 4 h |" in parse(saved(deck), uri="deck.pptx").text


# Spreadsheets


def test_sheets_become_headings_and_regions_tables_with_values_as_shown() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Prices"
    sheet.append(["Price list 2026"])
    sheet.append(["Tier", "Price", "Rebate", "From"])
    sheet.append(["Gold", 12.0, 0.155, None])
    sheet["C3"].number_format = "0.0%"
    sheet.append([])
    sheet.append(["Other", "Table"])
    sheet.append(["x", True])
    hidden = book.create_sheet("Secret")
    hidden.append(["internal"])
    hidden.sheet_state = "hidden"
    document = parse(saved(book), uri="prices.xlsx")
    assert document.text == (
        "Prices\n\nPrice list 2026\n\n"
        "| Tier | Price | Rebate | From |\n| Gold | 12 | 15.5% |  |\n\n"
        "| Other | Table |\n| x | TRUE |"
    )
    assert document.title == ""


def test_tables_beside_each_other_are_parted_and_forms_are_not() -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b", None, "c", "d"], [1, 2, None, 3, 4], [5, 6, None, 7, 8]):
        book.active.append(row)
    form = book.create_sheet("Form")
    for row in (["Name", None, "Acme"], ["Tier", None, "Gold"], ["Region", None, "EMEA"]):
        form.append(row)
    text = parse(saved(book), uri="two.xlsx").text
    assert "| a | b |\n| 1 | 2 |\n| 5 | 6 |\n\n| c | d |\n| 3 | 4 |\n| 7 | 8 |" in text
    assert "| Name | Acme |\n| Tier | Gold |\n| Region | EMEA |" in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'Code,Meaning\nERR-4012,"Out of stock"\nERR-4013,Held\n'),
        ("a.csv", "Code;Meaning\r\nERR-4012;Out of stock\r\nERR-4013;Held\r\n"),
        ("a.tsv", "Code\tMeaning\nERR-4012\tOut of stock\nERR-4013\tHeld\n"),
    ],
)
def test_a_delimited_file_is_one_table(name: str, text: str) -> None:
    assert parse(text.encode(), uri=name).text == TABLE


def test_an_empty_row_below_the_header_does_not_part_it_from_its_data() -> None:
    book = openpyxl.Workbook()
    for row in (["Zone", "Sales"], [], ["EMEA", 12.5], ["APAC", 7]):
        book.active.append(row)
    assert parse(saved(book), uri="zones.xlsx").text == (
        "Sheet\n\n| Zone | Sales |\n| EMEA | 12.5 |\n| APAC | 7 |"
    )


# Structured text


def test_json_becomes_headings_lines_lists_and_tables() -> None:
    value = {
        "title": "Limits",
        "rate": 10,
        "regions": ["EMEA", "APAC"],
        "errors": [{"Code": "ERR-4012", "Meaning": "Out of stock"},
                   {"Code": "ERR-4013", "Meaning": "Held"}],
    }  # fmt: skip
    document = parse(json.dumps(value).encode(), uri="limits.json")
    assert document.title == "Limits"
    assert document.text == (
        "title: Limits\nrate: 10\n\nregions\n\n- EMEA\n- APAC\n\nerrors\n\n" + TABLE
    )


def test_json_lines_are_read_line_by_line() -> None:
    lines = "\n".join(json.dumps(dict(zip(ROWS[0], row, strict=True))) for row in ROWS[1:])
    assert parse(lines.encode(), uri="errors.jsonl").text == TABLE


# HTML


def test_html_keeps_structure_and_drops_what_no_reader_sees() -> None:
    page = """<html><head><title>Ignored</title><style>p {}</style></head><body>
    <nav><a>Home</a></nav><main><h1>Returns</h1><p>Within&nbsp;<b>30</b>&#32;days.<br>Always.</p>
    <ol start="2"><li>Pack<ul><li>well</li></ul></li><li>Send</li></ol>
    <pre>a
      b</pre><div>One</div><div>Two</div><p hidden>no</p><script>x()</script>
    <table><tr><th colspan=2>Codes</th></tr><tr><td>E1</td><td>a<p>b</p></td></tr></table>
    </main><footer>Imprint</footer></body></html>"""
    document = parse(page.encode(), uri="page.html")
    assert document.title == "Returns"
    assert document.text == (
        "Returns\n\nWithin 30 days.\nAlways.\n\n2. Pack\n  - well\n3. Send\n\n```\na\n      b\n```"
        "\n\nOne\n\nTwo\n\n| Codes |  |\n| E1 | a b |"
    )


def test_a_table_that_only_arranges_the_page_is_not_a_table() -> None:
    page = "<table><tr><td><h2>Hi</h2><p>Left</p></td><td><p>Right</p></td></tr></table>"
    assert parse(page.encode(), uri="layout.html").text == "Hi\n\nLeft\n\nRight"


def test_two_line_breaks_part_paragraphs() -> None:
    assert parse(b"<p>One<br>more<br> <br>Two</p>", uri="old.html").text == "One\nmore\n\nTwo"


# Mail


def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Rückgabe for order 7"
    message["From"], message["To"] = "Ann <ann@example.com>", "bob@example.com"
    message["Date"] = "Mon, 02 Feb 2026 10:00:00 +0000"
    message.set_content("Hi Bob,\n\nplease do:\n- pack\n- send\n\nAnn\nNorthstar\n")
    return message


def test_a_mail_is_its_subject_who_wrote_when_and_its_body() -> None:
    message = mail()
    message.add_attachment(b"x" * 50, maintype="application", subtype="pdf", filename="label.pdf")
    document = parse(message.as_bytes(), uri="mail.eml")
    assert document.title == "Rückgabe for order 7"
    assert document.text == (
        "Rückgabe for order 7\n\nFrom: Ann <ann@example.com>\nTo: bob@example.com\n"
        "Date: Mon, 02 Feb 2026 10:00:00 +0000\nAttachments: label.pdf\n\n"
        "Hi Bob,\n\nplease do:\n\n- pack\n- send\n\nAnn\nNorthstar"
    )


def test_a_mails_html_is_taken_where_the_plain_text_cannot_show_its_table() -> None:
    message = mail()
    cells = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in ROWS)
    message.add_alternative(f"<p>See</p><table>{cells}</table>", subtype="html")
    assert parse(message.as_bytes(), uri="mail.eml").text.endswith("See\n\n" + TABLE)


def test_an_encrypted_mail_is_refused() -> None:
    raw = (
        b"From: a@example.com\nSubject: x\nContent-Type: multipart/encrypted; boundary=b\n\n--b--\n"
    )
    with pytest.raises(EncryptedFileError):
        parse(raw, uri="mail.eml")


# Other texts


def test_plain_text_is_reflowed_where_lines_are_wrapped_and_not_where_they_are_meant() -> None:
    wrapped = (
        "This is a sentence that was wrapped by its editor at about\nseventy-two columns, twice."
    )
    text = f"Heading\n=======\n\n{wrapped}\n\nAnn\nMain Street 1\n\n1. One\n   more\n2) Two\n"
    assert parse(text.encode(), uri="notes.txt").text == (
        f"Heading\n\n{wrapped.replace(chr(10), ' ')}\n\n"
        "Ann\nMain Street 1\n\n1. One\n  more\n2. Two"
    )


def test_rst_keeps_headings_code_notes_and_tables() -> None:
    text = (
        "Title\n=====\n\nUse :ref:`the guide <x>` and ``code`` **now**.\n\n.. note:: Mind it.\n\n"
        "Sub\n---\n\n.. code-block:: sh\n\n   run\n\n+----+----+\n| A  | B  |\n+====+====+\n"
        "| 1  | 2  |\n+----+----+\n\n.. a comment\n"
    )
    assert parse(text.encode(), uri="a.rst").text == (
        "Title\n\nUse the guide and code now.\n\nnote: Mind it.".replace("note:", "Note:")
        + "\n\nSub\n\n```\nrun\n```\n\n| A | B |\n| 1 | 2 |"
    )


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Größe café"), ("utf-8-sig", "Größe café"), ("utf-16", "Größe café"),
        ("utf-16-le", "Size of cafe tables"), ("latin-1", "Größe café, naïve façade"),
        ("cp1252", "“Größe” \u2013 café"),
        ("cp1251", "Возврат товара возможен в течение тридцати дней после покупки"),
    ],
)  # fmt: skip
def test_text_in_another_encoding_is_read_right(encoding: str, text: str) -> None:
    assert parse(text.encode(encoding), uri="notes.txt").text == text


def test_rtf_keeps_paragraphs_and_table_rows() -> None:
    data = (
        rb"{\rtf1\ansi Caf\'e9 one\par Two\par \trowd\cellx1000\cellx2000 "
        rb"Code\cell Meaning\cell\row\trowd\cellx1000\cellx2000 E1\cell Held\cell\row}"
    )
    assert parse(data, uri="a.rtf").text == (
        "Caf\u00e9 one\n\nTwo\n\n| Code | Meaning |\n| E1 | Held |"
    )


def test_an_open_document_keeps_headings_lists_and_tables() -> None:
    content = (
        "<office:document-content"
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>'
        '<text:h text:outline-level="1">Returns</text:h>'
        "<text:p>Within<text:s/>30<text:line-break/>days.</text:p>"
        "<text:list><text:list-item><text:p>Pack</text:p></text:list-item></text:list>"
        "<table:table>"
        + "".join(
            "<table:table-row>"
            + "".join(
                f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in row
            )
            + "</table:table-row>"
            for row in ROWS
        )
        + "</table:table></office:text></office:body></office:document-content>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", content)
    document = parse(target.getvalue(), uri="returns.odt")
    assert document.text == f"Returns\n\nWithin 30\ndays.\n\n- Pack\n\n{TABLE}"


def test_a_book_is_read_in_the_order_of_its_spine_without_its_navigation() -> None:
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Guide</dc:title></metadata>'
        "<manifest>"
        '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="a%20a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="O/p.opf"/></rootfiles></container>',
        )
        archive.writestr("O/p.opf", package)
        archive.writestr("O/nav.xhtml", "<p>Contents</p>")
        archive.writestr("O/a a.xhtml", '<?xml version="1.0" encoding="utf-8"?><h1>One</h1>')
        archive.writestr("O/b.xhtml", "<p>Two</p>")
    document = parse(target.getvalue(), uri="guide.epub")
    assert (document.title, document.text) == ("Guide", "One\n\nTwo")
