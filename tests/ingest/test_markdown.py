"""Markdown as it is published, not as it is specified."""

from textwrap import dedent

import pytest

from ingest.element import ElementKind, ParsedDocument
from ingest.errors import EmptyFileError
from ingest.parsing import parse

SNIPPETS = {
    "includes/product.md": "---\nms.topic: include\n---\nNorthstar ERP\n",
    "includes/open.md": "Select ![Search icon.](x.png) Search in [!INCLUDE[p](product.md)]",
    "includes/steps.md": "First line.\n\n| A | B |\n|---|---|\n| 1 | 2 |\n",
    "includes/loop.md": "again [!INCLUDE[loop](loop.md)]",
}


def read(text: str, uri: str = "page.md") -> ParsedDocument:
    return parse(dedent(text).lstrip("\n").encode(), uri=uri, resolve_include=SNIPPETS.get)


def test_front_matter_is_metadata_and_never_text() -> None:
    document = read(
        """
        ---
        title: Set up returns
        ms.search.keywords: refund, giveaway
        releases: [2025.1, 2025.2]
        ---
        # Returns

        Body.
        """
    )
    assert document.title == "Set up returns"
    assert document.metadata["ms.search.keywords"] == "refund, giveaway"
    assert document.text == "Returns\n\nBody."


def test_front_matter_that_is_not_valid_yaml_is_still_not_text() -> None:
    document = read("---\ntitle: Plan: the sequel\nkeywords: a: b\n---\nBody.\n")
    assert document.title == "Plan: the sequel"
    assert document.text == "Body."


def test_a_rule_above_text_is_not_front_matter() -> None:
    assert read("---\n\nJust a text.\n\n---\n\nMore.\n").text == "Just a text.\n\nMore."


def test_admonitions_are_labelled_in_words() -> None:
    document = read(
        """
        > [!NOTE]
        > Posting is **final**.
        >
        > Think twice.

        > [!div class="checklist"]
        > * One
        """
    )
    assert document.text == "Note: Posting is final.\n\nThink twice.\n\n- One"


def test_includes_are_resolved_inside_each_other_and_mid_sentence() -> None:
    document = read("1. [!INCLUDE[open](includes/open.md)], enter **Items**.\n")
    assert document.text == "1. Select Search icon Search in Northstar ERP, enter Items."


def test_a_block_include_brings_its_blocks() -> None:
    document = read("Before.\n\n[!INCLUDE[steps](includes/steps.md)]\n\nAfter.\n")
    assert [element.kind for element in document.elements] == [
        ElementKind.PARAGRAPH, ElementKind.PARAGRAPH, ElementKind.TABLE, ElementKind.PARAGRAPH,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "target", ["includes/gone.md", "../outside.md", "/etc/passwd", "~/../x.md"]
)
def test_an_include_that_is_missing_or_outside_falls_back_to_its_label(target: str) -> None:
    assert read(f"See [!INCLUDE[the product]({target})].\n").text == "See the product."


def test_an_include_of_itself_ends() -> None:
    assert read("[!INCLUDE[start](includes/loop.md)]\n").text == "again loop"


def test_links_images_comments_and_directives_leave_their_words() -> None:
    document = read(
        """
        See [the *setup* guide](setup.md#x "Title") and ![a chart](c.png).
        <!-- hidden
        note -->
        :::image type="content" source="a.png" alt-text="The order page":::

        Press <kbd>Ctrl</kbd>+<kbd>C</kbd>, 5 &lt; 6 &amp; `a &lt; b`. {{< ref "x" >}} **bold:**text
        [!VIDEO https://example.com/v] H<sub>2</sub>O, <customer name>, [^1].
        """
    )
    assert document.text == (
        "See the setup guide and a chart.\n\nThe order page\n\n"
        "Press Ctrl+C, 5 < 6 & a &lt; b. bold:text H2O, <customer name>, ."
    )


def test_tables_are_one_element_with_their_header_row() -> None:
    document = read(
        "| Code | Meaning |\n|---|:-:|\n"
        "| **ERR-4012** | Out of stock<br>or `held` |\n| E2 | a \\| b |\n"
    )
    (element,) = document.elements
    assert element.kind is ElementKind.TABLE
    assert element.text == (
        "| Code | Meaning |\n| ERR-4012 | Out of stock or held |\n| E2 | a \u00a6 b |"
    )


def test_a_table_whose_delimiter_row_does_not_match_its_header_is_still_a_table() -> None:
    document = read("| Code | Meaning |\n|---|---|---|\n| E1 | Held |\n\nA | B\n---\n")
    assert document.elements[0].text == "| Code | Meaning |\n| E1 | Held |"
    assert document.elements[1].kind is ElementKind.HEADING


def test_lists_keep_numbers_nesting_and_what_belongs_to_an_item() -> None:
    document = read(
        """
        3. Open it.

           It takes a moment.
           - Sub one
           - [ ] Sub two
        4. Close it.

           ```sh
           run --now
           ```
        1. Again.
        """
    )
    assert document.text == (
        "3. Open it.\n  It takes a moment.\n  - Sub one\n  - Sub two\n4. Close it.\n\n"
        "```\nrun --now\n```\n\n5. Again."
    )


def test_code_is_kept_as_it_is() -> None:
    document = read("```xml\n<!-- kept -->\n[!INCLUDE[x](includes/product.md)]\n  **a**\n```\n")
    assert document.text == ("```\n<!-- kept -->\n[!INCLUDE[x](includes/product.md)]\n  **a**\n```")


def test_html_inside_markdown_is_read_as_html() -> None:
    document = read(
        """
        <details><summary>More</summary>

        Inside **here**.

        </details>

        <table><tr><th>A</th><th>B</th></tr>

        <tr><td rowspan="2">x</td><td>1</td></tr><tr><td>2</td></tr></table>
        """
    )
    assert document.text == "More\n\nInside here.\n\n| A | B |\n| x | 1 |\n| x | 2 |"


def test_docusaurus_and_mkdocs_admonitions_are_labelled() -> None:
    document = read(
        ':::tip\nUse it.\n:::\n\n!!! warning "Careful"\n    Indented **text**.\n\nAfter.\n'
    )
    assert document.text == "Tip: Use it.\n\nWarning: Careful\n\nIndented text.\n\nAfter."


def test_mdx_loses_its_imports_and_tags_and_keeps_its_text() -> None:
    document = read(
        """
        import Tabs from '@theme/Tabs';
        export const meta = {
          a: 1,
        }

        # Install

        <Tabs>
          <TabItem value="win" label="Windows">

            Run `setup.exe` with {/* no */} care.

          </TabItem>
        </Tabs>

        ```jsx
        <Tabs>kept</Tabs>
        ```
        """,
        uri="install.mdx",
    )
    assert document.text == (
        "Install\n\nWindows\n\nRun setup.exe with care.\n\n```\n<Tabs>kept</Tabs>\n```"
    )


def test_headings_path_names_where_a_paragraph_stands() -> None:
    document = read("# Shop\n\n## Returns {#returns}\n\n### Fees\n\nNone.\n\n## Orders\n\nMany.\n")
    assert document.elements[3].locator.heading_path == ("Shop", "Returns", "Fees")
    assert document.elements[5].locator.heading_path == ("Shop", "Orders")


def test_a_page_of_front_matter_alone_is_refused() -> None:
    with pytest.raises(EmptyFileError, match="front matter"):
        read("---\ntitle: Nothing\n---\n")


def test_an_faq_page_becomes_questions_with_their_answers() -> None:
    document = read(
        """
        ### YamlMime:FAQ
        metadata:
          title: Copy FAQ
        title: Copy and paste
        summary: Copies **rows**.
        sections:
          - name: Ignored
            questions:
              - question: Does [!INCLUDE[p](includes/product.md)] copy?
                answer: |
                  Yes:
                  - one row
                  - two rows
        """,
        uri="faq.yml",
    )
    assert document.title == "Copy and paste"
    assert document.text == (
        "Copy and paste\n\nCopies rows.\n\nDoes Northstar ERP copy?\n\n"
        "Yes:\n\n- one row\n- two rows"
    )
    assert document.elements[-1].locator.heading_path == (
        "Copy and paste", "Does Northstar ERP copy?",
    )  # fmt: skip


def test_the_title_of_an_included_snippet_does_not_take_the_pages_place() -> None:
    snippet = "# Before you start\n\nYou need a role.\n\n```\n# no heading\n```\n"
    page = b"# Connector\n\nIntro.\n\n[!INCLUDE[x](i.md)]\n\n## Connect\n\nPress it.\n"
    document = parse(page, uri="page.md", resolve_include=lambda _: snippet)
    paths = {e.text: e.locator.heading_path for e in document.elements}
    assert paths["You need a role."] == ("Connector", "Before you start")
    assert paths["Press it."] == ("Connector", "Connect")
    assert "# no heading" in document.text
