"""From what a sender calls a file to a URI: a name in the catalog, and never a path on a disk."""

import re
import unicodedata

from ingest.errors import SourceError
from ingest.names import uri_of
from ingest.upload_form import UploadMisfit, UploadMisfitError

UPLOADS = "uploads/"
"""What URIs begin with where the sender names none."""
LONGEST_URI = 300
_LONGEST_NAME = 120
_LONGEST_SUFFIX = 16
_MANIFEST = "corpus.yaml"
# What separates folders, what other systems do not have in names, and what a URI means by itself.
_UNWANTED = re.compile(r"[\\/<>:\"|?*#%\s]+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Windows takes these for devices, whatever suffix follows.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])"
    r"(?:\..*)?",
    re.IGNORECASE,
)


def uploaded_uri(name: str) -> str:
    """The URI of a file that is only known by its sender's name for it: `uploads/` and that name.

    Folders are left out, and so is whatever might mean something else to somebody; what is left
    is one segment that reads like the name. The same name gives the same URI.
    """
    return UPLOADS + _safe_name(name)


def _safe_name(name: str) -> str:
    last = unicodedata.normalize("NFC", re.split(r"[\\/]", name)[-1])
    visible = "".join(one for one in last if unicodedata.category(one) not in _INVISIBLE)
    plain = _trimmed(_UNWANTED.sub("-", unicodedata.normalize("NFC", visible)))
    stem, dot, suffix = plain.rpartition(".")
    if dot and stem and len(suffix) <= _LONGEST_SUFFIX:
        plain = f"{_trimmed(stem[: _LONGEST_NAME - len(suffix) - 1])}.{suffix}"
    plain = _trimmed(plain[:_LONGEST_NAME])
    if not plain:
        return "unnamed"
    return f"_{plain}"[:_LONGEST_NAME] if _DEVICE.fullmatch(plain) else plain


def _trimmed(name: str) -> str:
    # A leading dot hides, a trailing one is lost on Windows.
    return name.strip(".- ~")


def named_uri(given: str) -> str:
    """The URI that a sender chose. Raises `UploadMisfitError` where it cannot be one."""
    try:
        uri = uri_of(given)
    except SourceError:
        raise _bad_uri("holds a character that cannot be shown; leave it out") from None
    parts = uri.split("/")
    if len(uri) > LONGEST_URI:
        raise _bad_uri(f"is longer than {LONGEST_URI} characters; shorten it")
    if "\\" in uri or "#" in uri or "://" in uri:
        raise _bad_uri("is a path with '/', such as policies/sla.md, without '\\', '#' and '://'")
    if any(part.strip() != part or part in {"", ".", ".."} for part in parts):
        raise _bad_uri("is a path such as policies/sla.md, without empty parts, '.' and '..'")
    return uri


def refuse_manifest(uri: str, loc: tuple[str | int, ...]) -> None:
    """Raise `UploadMisfitError` for a corpus.yaml: it decides about others and is no document."""
    if uri.rpartition("/")[2].casefold() in {_MANIFEST, "corpus.yml"}:
        raise UploadMisfitError(
            UploadMisfit(
                loc=loc,
                msg="corpus.yaml is read where a folder is ingested, and is no document; say in "
                "the field `metadata` what it would say about these files",
            )
        )


def _bad_uri(reason: str) -> UploadMisfitError:
    return UploadMisfitError(UploadMisfit(loc=("body", "metadata", "uri"), msg=reason))
