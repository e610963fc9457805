"""Cases that somebody should look at: a file of proposals, each with its state.

A program proposes, a person decides, and only what a person approved becomes a case of a dataset.
The file is one JSON object a line, and may be edited by hand: state, question, expectation, gold.
"""

import json
import stat
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.case import CaseLine, GoldLine
from eval.dataset import DatasetError, parse_dataset, reasons
from foundation.errors import NotFoundError, StorageError
from foundation.private_file import OWNER_ONLY, write_private


class State(StrEnum):
    """What a person said of a proposal."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class Proposal(BaseModel):
    """A case in waiting.

    `source` says what it was made of, `why` what to look at before it is approved. `candidates`
    are passages that may be gold, for whoever decides that the question has an answer after all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State = State.PROPOSED
    decided_by: str = ""
    source: str
    why: str
    candidates: list[GoldLine] = Field(default_factory=list)
    case: CaseLine


def read_proposals(path: Path) -> tuple[Proposal, ...]:
    """Read a file of proposals; none where there is no file yet.

    Raises `DatasetError` with every problem of every line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        raise DatasetError((f"{path}: is not UTF-8 text; save it as UTF-8",)) from None
    except OSError as error:
        raise DatasetError((f"{path}: cannot be read: {error.strerror}",)) from None
    found: list[Proposal] = []
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(Proposal.model_validate_json(line))
        except ValidationError as error:
            problems += [f"{path.name} line {number}: {one}" for one in reasons(error)]
    if problems:
        raise DatasetError(tuple(problems))
    return tuple(found)


def merged(known: Sequence[Proposal], found: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """What is known as a person left it, and what is new behind it."""
    ids = {one.case.id for one in known}
    new: dict[str, Proposal] = {}
    for one in found:
        if one.case.id not in ids:
            new.setdefault(one.case.id, one)
    return (*known, *new.values())


def decided(
    proposals: Sequence[Proposal], ids: Collection[str], state: State, by: str
) -> tuple[Proposal, ...]:
    """The proposals with a decision about some; raises `NotFoundError` for an id that is none."""
    unknown = set(ids) - {one.case.id for one in proposals}
    if unknown:
        raise NotFoundError(f"no proposal has the id {min(unknown)}; ids are in the file")
    return tuple(
        one.model_copy(update={"state": state, "decided_by": by}) if one.case.id in ids else one
        for one in proposals
    )


def write_proposals(path: Path, proposals: Iterable[Proposal]) -> None:
    """Write the file, whole or not at all."""
    lines = []
    for one in proposals:
        told = one.model_dump(mode="json", exclude={"case"})
        # The state stands first, where a person looks for it, and is there by default, too.
        told["case"] = one.case.model_dump(mode="json", exclude_defaults=True)
        lines.append(json.dumps(told, ensure_ascii=False))
    _replace(path, "".join(f"{line}\n" for line in lines))


def adopt(proposals: Iterable[Proposal], dataset: Path) -> int:
    """Put approved cases that are not in it yet at the end of a dataset; how many that were.

    The whole is read as a dataset before it is written. Doing it again changes nothing.
    """
    text = _existing(dataset)
    taken = {case.id for case in parse_dataset(text, dataset.name)} if text.strip() else set()
    new = [
        one.case for one in proposals if one.state is State.APPROVED and one.case.id not in taken
    ]
    if not new:
        return 0
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{_told(case)}\n" for case in new)
    parse_dataset(text, dataset.name)
    # A dataset that is there already may be shared on purpose.
    shared = stat.S_IMODE(dataset.stat().st_mode) if dataset.exists() else OWNER_ONLY
    _replace(dataset, text, shared)
    return len(new)


def _existing(dataset: Path) -> str:
    try:
        return dataset.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError((f"{dataset}: cannot be read: {error}",)) from None


def _told(line: CaseLine) -> str:
    return json.dumps(line.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)


def _replace(path: Path, text: str, mode: int = OWNER_ONLY) -> None:
    try:
        write_private(path, text, mode=mode)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None
