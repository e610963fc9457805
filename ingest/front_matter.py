"""The YAML that a page carries above its text, and YAML in general, read without surprises."""

import re
from collections.abc import Mapping
from functools import lru_cache

ABOVE_FRONT_MATTER = r"\A\ufeff?((?:\s|<!--(?:(?!-->).)*-->)*)"
"""What may stand above a page's front matter: blank lines, and a licence in a comment (DOTALL)."""

_FRONT_MATTER = re.compile(
    ABOVE_FRONT_MATTER + r"---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_SIMPLE_LINE = re.compile(r"^([A-Za-z_][\w.-]*):[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"^[\w.\"' -]+:(\s|$)", re.MULTILINE)
_MAX_CHARACTERS = 100_000


@lru_cache(maxsize=1)
def _loader() -> type:
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        """A safe loader that reads the value under a tag it does not know."""

    def untagged(loader: object, _suffix: str, node: object) -> object:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)  # type: ignore[attr-defined]
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)  # type: ignore[attr-defined]
        return loader.construct_scalar(node)  # type: ignore[attr-defined]

    Loader.add_multi_constructor("!", untagged)
    return Loader


def load_yaml(text: str) -> list[object]:
    """Read every document of a YAML stream. Raises ValueError where it is not YAML."""
    import yaml

    try:
        return list(yaml.load_all(text, Loader=_loader()))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def split_front_matter(text: str) -> tuple[Mapping[str, object], str]:
    """Part a page into what it says of itself and its text.

    Front matter that is not valid YAML gives its simple `key: value` lines: a stray colon in a
    description must not put keywords into the text.
    """
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    raw, rest = match[2] or "", text[match.end() :]
    if not raw.strip():
        return {}, rest
    if len(raw) > _MAX_CHARACTERS or not _KEY.search(raw):
        return {}, text
    try:
        documents = load_yaml(raw.replace("\t", "    "))
    except ValueError:
        return dict(_SIMPLE_LINE.findall(raw)), rest
    first = documents[0] if documents else None
    if isinstance(first, dict):
        return {str(key): value for key, value in first.items()}, rest
    return {}, text
