"""Strict YAML for manifests and front matter: what is wrong with it is an ingest error."""

from foundation.plain_yaml import Path, Plain, PlainYaml, PlainYamlError
from foundation.plain_yaml import read_plain_yaml as read_strictly
from ingest.errors import ManifestError

__all__ = ["Path", "Plain", "PlainYaml", "read_plain_yaml"]


def read_plain_yaml(text: str, where: str, *, first_line: int = 1) -> PlainYaml:
    """Read one mapping, or raise a ManifestError that starts with `where` and the line."""
    try:
        return read_strictly(text, where, first_line=first_line)
    except PlainYamlError as error:
        raise ManifestError(str(error)) from None
