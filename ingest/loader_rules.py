"""Which LangChain document loaders a corpus.yaml may name, and with which arguments.

A manifest is data, and data must not be able to run a program, unpickle, send a file elsewhere or
read outside its folder. So a loader is allowed by name and each of its arguments by name; what is
not listed does not exist. Loaders that run code, take callables, upload files, download what a
file names, or hand queries to an engine are left out on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderRule:
    """What one loader may be given.

    `paths` name a file or folder inside the corpus, `urls` an http(s) address or a list of them,
    `plain` anything that is plain data. `fixed` is always passed. `text_format` is the suffix
    under which the loader's text is parsed. A loader with `network` fetches from elsewhere.
    """

    paths: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    fixed: Mapping[str, Scalar] = field(default_factory=dict)
    text_format: str = "txt"
    network: bool = False

    @property
    def arguments(self) -> list[str]:
        """Every argument that may be given."""
        return sorted(self.paths | self.urls | self.plain)


def _local(path: str, *plain: str, text_format: str = "txt", **fixed: Scalar) -> LoaderRule:
    return LoaderRule(
        paths=frozenset({path}), plain=frozenset(plain), fixed=fixed, text_format=text_format
    )


def _remote(
    *plain: str, urls: tuple[str, ...] = (), text_format: str = "txt", **fixed: Scalar
) -> LoaderRule:
    return LoaderRule(
        urls=frozenset(urls),
        plain=frozenset(plain),
        fixed=fixed,
        text_format=text_format,
        network=True,
    )


LOADERS: Mapping[str, LoaderRule] = MappingProxyType({
    # Collecting metadata would expand YAML aliases without a bound.
    "AcreomLoader": _local("path", "encoding", text_format="md", collect_metadata=False),
    "BSHTMLLoader": _local("file_path", "open_encoding", "get_text_separator"),
    "CSVLoader": _local(
        "file_path", "source_column", "metadata_columns", "content_columns", "encoding",
        "autodetect_encoding",
    ),
    "CoNLLULoader": _local("file_path"),
    "FacebookChatLoader": _local("path"),
    "MHTMLLoader": _local("file_path", "open_encoding", "get_text_separator"),
    "MWDumpLoader": _local(
        "file_path", "encoding", "namespaces", "skip_redirects", "stop_on_error"
    ),
    "NotebookLoader": _local(
        "path", "include_outputs", "max_output_length", "remove_newline", "traceback"
    ),
    "NotionDirectoryLoader": _local("path", "encoding", text_format="md"),
    "ObsidianLoader": _local("path", "encoding", text_format="md", collect_metadata=False),
    "ReadTheDocsLoader": _local("path", "encoding", "errors", "exclude_links_ratio"),
    "RoamLoader": _local("path", text_format="md"),
    "SRTLoader": _local("file_path"),
    "SlackDirectoryLoader": _local("zip_path", "workspace_url"),
    "TelegramChatFileLoader": _local("path"),
    "TextLoader": _local("file_path", "encoding", "autodetect_encoding"),
    "TomlLoader": _local("source"),
    "UnstructuredOrgModeLoader": _local("file_path", "mode"),
    "UnstructuredXMLLoader": _local("file_path", "mode"),
    "WhatsAppChatLoader": _local("path"),
    "AirtableLoader": _remote("api_token", "table_id", "base_id", "view"),
    "AsyncHtmlLoader": _remote(
        "requests_per_second", "encoding", "ignore_load_errors",
        urls=("web_path",), text_format="html",
    ),
    "ConfluenceLoader": _remote(
        "username", "api_key", "token", "cloud", "space_key", "page_ids", "label", "cql",
        "include_archived_content", "include_comments", "include_labels", "limit", "max_pages",
        "keep_markdown_format", "keep_newlines",
        urls=("url",),
    ),
    "DocusaurusLoader": _remote(
        "custom_html_tags", "filter_urls", urls=("url",), show_progress=False
    ),
    "GitHubIssuesLoader": _remote(
        "repo", "access_token", "include_prs", "milestone", "state", "assignee", "creator",
        "mentioned", "labels", "sort", "direction", "since", text_format="md",
    ),
    "GitbookLoader": _remote(
        "load_all_paths", "content_selector", "continue_on_failure",
        urls=("web_page", "base_url", "sitemap_url"), show_progress=False,
    ),
    "LarkSuiteDocLoader": _remote("access_token", "document_id", urls=("domain",)),
    "NotionDBLoader": _remote("integration_token", "database_id", "request_timeout_sec"),
    "RecursiveUrlLoader": _remote(
        "max_depth", "exclude_dirs", "timeout", "headers", "check_response_status", "encoding",
        urls=("url", "base_url"), text_format="html",
    ),
    "SitemapLoader": _remote(
        "filter_urls", "blocksize", "blocknum", "max_depth", "continue_on_failure",
        "requests_per_second", "header_template",
        urls=("web_path",), show_progress=False,
    ),
    "WebBaseLoader": _remote(
        "encoding", "continue_on_failure", "raise_for_status", "requests_per_second",
        "default_parser", "header_template",
        urls=("web_path", "web_paths"), show_progress=False,
    ),
    "WikipediaLoader": _remote("query", "lang", "load_max_docs", "doc_content_chars_max"),
    "YuqueLoader": _remote("access_token", urls=("api_url",)),
})  # fmt: skip
"""Every loader that may be named."""

NETWORK_LOADERS = tuple(name for name, rule in LOADERS.items() if rule.network)
"""Loaders that fetch from elsewhere; a source that names one says `network: true`."""
