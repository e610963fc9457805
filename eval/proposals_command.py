"""`partner-copilot eval harvest` and `eval propose`: cases for a person to approve."""
# ruff: noqa: T201 - printing is what this module is for

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from eval.decider import decider
from eval.harvest import harvest
from eval.proposals import (
    Proposal,
    State,
    adopt,
    decided,
    merged,
    read_proposals,
    write_proposals,
)
from eval.propose import propose, readable_sections
from foundation.clock import Clock
from foundation.database import Database
from governance.audit import CONSOLE, HOUSE, Action, AuditEvent, record
from governance.catalog import Catalog
from governance.principal import Principal
from governance.visible_catalog import VisibleCatalog


class Kept(Protocol):
    """What proposals are made from."""

    @property
    def database(self) -> Database:
        """Where the record of the house is."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def catalog(self) -> Catalog:
        """The truth about documents."""

    @property
    def visible_catalog(self) -> VisibleCatalog:
        """The catalog through an asker's eyes."""


def run_harvest(assembly: Kept, options: argparse.Namespace) -> int:
    """Propose what was rated and handed over; 0 when it ran."""
    found = harvest(assembly.database)
    code = _carry_on(found, options)
    # Partners' questions were read: the house's record says so.
    with assembly.database.write() as connection:
        record(
            connection,
            AuditEvent(
                tenant=HOUSE,
                at=assembly.clock(),
                action=Action.EVALUATED,
                actor=CONSOLE,
                target=Path(options.proposals).name,
                details={"harvested": len(found)},
            ),
        )
    return code


def run_propose(assembly: Kept, options: argparse.Namespace, asker: Principal) -> int:
    """Propose questions from the documents that this asker reads; 0 when it ran."""
    sections = readable_sections(assembly.catalog, assembly.visible_catalog, asker)
    return _carry_on(propose(sections, asker, options.most), options)


def _carry_on(found: Sequence[Proposal], options: argparse.Namespace) -> int:
    """Keep what is new, note what a person decided, and hand over what was approved."""
    path = Path(options.proposals)
    known = read_proposals(path)
    proposals = merged(known, found)
    new = len(proposals) - len(known)
    by = decider(options.by) if options.approve or options.reject else ""
    proposals = decided(proposals, options.approve or (), State.APPROVED, by)
    proposals = decided(proposals, options.reject or (), State.REJECTED, by)
    if proposals != known:
        write_proposals(path, proposals)
    added = adopt(proposals, Path(options.into)) if options.into else 0
    states = {state.value: sum(one.state is state for one in proposals) for state in State}
    if options.json:
        print(json.dumps({"new": new, **states, "added": added}))
        return 0
    print(f"{path}: {new} new; " + ", ".join(f"{n} {state}" for state, n in states.items()))
    if options.into:
        print(f"{options.into}: {added} approved cases added")
    if states[State.PROPOSED.value]:
        print("set a proposal's state to approved or rejected in the file, or name its id with")
        print("--approve or --reject; --into DATASET takes the approved ones over")
    return 0
