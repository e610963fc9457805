"""What an upload says about its documents: a manifest's keys, in JSON, from somebody with a role.

Beyond what a manifest may say, an upload is bounded by who sends it: it speaks for the sender's
own tenant, it is a draft, and whom it may address depends on the sender's permissions.
"""

import json
import re
from collections.abc import Iterator

from pydantic import ValidationError, field_validator

from governance.document import ApprovalState
from governance.identity import ForbiddenError
from governance.principal import Permission, Principal
from governance.visibility import INTERNAL
from ingest.metadata_keys import MetadataKeys, explained
from ingest.names import shown
from ingest.upload_form import UploadMisfit, UploadMisfitError
from ingest.upload_names import LONGEST_URI

_PLACE = ("body", "metadata")
_LONGEST_TEXT = 500
_LONGEST_LIST = 100
# As much as the database has room for.
_LONGEST = {"product": 255, "releases": 64, "language": 16, "uri": LONGEST_URI}
# What no text here needs, and PostgreSQL or a terminal would stumble over. A line break is none.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SUBMIT = "comes in as a draft: leave it out, submit the document, and somebody else approves it"


class UploadKeys(MetadataKeys):
    """The keys of an upload: a manifest's, and the document's name within its tenant."""

    uri: str | None = None

    @field_validator("approval")
    @classmethod
    def _a_draft(cls, value: ApprovalState | None) -> ApprovalState | None:
        if value not in (None, ApprovalState.DRAFT):
            raise ValueError(f"what is uploaded {_SUBMIT}")
        return value

    @field_validator("approved_by")
    @classmethod
    def _nobody_yet(cls, value: str | None) -> str | None:
        if value is not None:
            raise ValueError(f"what is uploaded {_SUBMIT}; who that is will be on record")
        return value


def read_metadata(text: str | None) -> UploadKeys:
    """Read the field `metadata`. Raises `UploadMisfitError` with everything that is wrong."""
    if text is None or not text.strip():
        return UploadKeys()
    try:
        values = json.loads(text, object_pairs_hook=_without_doubles)
    except UploadMisfitError:
        raise
    except (ValueError, RecursionError):
        raise _misfit("is not well-formed JSON") from None
    if not isinstance(values, dict):
        raise _misfit('is not a JSON object; write it like {"title": "Support SLA"}')
    oversized = tuple(_oversized(values))
    if oversized:
        raise UploadMisfitError(*oversized)
    try:
        return UploadKeys.model_validate(values)
    except ValidationError as error:
        raise UploadMisfitError(
            *(
                UploadMisfit(loc=(*_PLACE, *(_shown(part) for part in loc)), msg=message)
                for loc, message in explained(error, UploadKeys)
            )
        ) from None


def check_reach(sender: Principal, audience: frozenset[str]) -> None:
    """Raise `ForbiddenError` where the sender may not address these people."""
    others = beyond_reach(sender, audience)
    if others:
        raise ForbiddenError(
            "none of your roles allows to address anybody but your own people "
            f"({Permission.PUBLISH_TO_OTHERS.value}): as audience, {INTERNAL} and "
            f"tenant:{sender.tenant} are yours to name",
            permission=Permission.PUBLISH_TO_OTHERS,
        )


def beyond_reach(sender: Principal, audience: frozenset[str]) -> frozenset[str]:
    """Those among an audience whom this sender may not address."""
    if sender.may(Permission.PUBLISH_TO_OTHERS):
        return frozenset()
    return audience - {INTERNAL, f"tenant:{sender.tenant}"}


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        # Which of the two is meant is not for us to guess.
        raise _misfit("holds a key twice; leave one of the two out")
    return values


def _oversized(values: dict[str, object]) -> Iterator[UploadMisfit]:
    """Find what no document needs, before a message repeats any of it."""
    if len(values) > _LONGEST_LIST:
        yield UploadMisfit(loc=_PLACE, msg=f"has more than {_LONGEST_LIST} keys")
        return
    for key, value in values.items():
        place = (*_PLACE, shown(key))
        longest = _LONGEST.get(key, _LONGEST_TEXT)
        listed = value if isinstance(value, list) else [value]
        if len(listed) > _LONGEST_LIST:
            yield UploadMisfit(loc=place, msg=f"lists more than {_LONGEST_LIST}")
            continue
        for one in listed:
            if not isinstance(one, str):
                continue
            if len(one) > longest:
                message = f"is longer than {longest} characters; shorten it"
                yield UploadMisfit(loc=place, msg=message)
            elif _CONTROLS.search(one):
                message = "holds a character that cannot be shown; leave it out"
                yield UploadMisfit(loc=place, msg=message)


def _shown(part: str | int) -> str | int:
    return shown(part) if isinstance(part, str) else part


def _misfit(reason: str) -> UploadMisfitError:
    return UploadMisfitError(UploadMisfit(loc=_PLACE, msg=reason))
