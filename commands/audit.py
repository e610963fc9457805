"""`audit`: verify the record, hand it out, and anchor its heads elsewhere."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from governance.audit.findings import ChainReport, Verification

_SHORT_HASH = 12


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `audit`."""
    audit = commands.add_parser("audit", help="verify, export and anchor the record")
    actions = audit.add_subparsers(title="actions", metavar="ACTION", required=True)

    verify = actions.add_parser(
        "verify", parents=[shared], help="find any altered, removed or reordered line"
    )
    verify.add_argument("--anchors", metavar="FILE", help="what `audit anchor` wrote")
    verify.set_defaults(command=_verify)

    export = actions.add_parser("export", parents=[shared], help="print the record as JSON lines")
    export.add_argument("--tenant", metavar="ID", help="left out: all chains, the house's too")
    export.add_argument("--from", dest="since", metavar="TIME", help="from then on")
    export.add_argument("--to", dest="before", metavar="TIME", help="before then")
    export.add_argument("--actor", default="", metavar="SUBJECT", help="only what this one did")
    export.set_defaults(command=_export)

    anchor = actions.add_parser(
        "anchor", parents=[shared], help="append the heads of all chains to a file elsewhere"
    )
    anchor.add_argument("file", metavar="FILE")
    anchor.set_defaults(command=_anchor)

    rekey = actions.add_parser(
        "rekey", parents=[shared], help="go on with another key where the first one is lost"
    )
    rekey.set_defaults(command=_rekey)


def _verify(options: argparse.Namespace) -> int:
    from governance.audit.anchors import joined, read_anchors
    from governance.audit.verification import verify

    elsewhere = read_anchors(Path(options.anchors)) if options.anchors else {}
    with opened(options) as assembly:
        found = verify(assembly.database, joined(elsewhere, assembly.own_anchors()))
    if options.json:
        print_json(_verification_json(found))
    else:
        _print(found)
    return 0 if found.whole else 1


def _export(options: argparse.Namespace) -> int:
    from governance.audit import CONSOLE, HOUSE, Action, AuditEvent, record
    from governance.audit.reading import AuditFilter, export_lines

    wanted = AuditFilter(
        since=_moment("--from", options.since),
        before=_moment("--to", options.before),
        actor=options.actor,
    )
    with opened(options) as assembly:
        event = AuditEvent(
            tenant=options.tenant or HOUSE,
            at=assembly.clock(),
            action=Action.AUDIT_EXPORTED,
            actor=CONSOLE,
            target=options.tenant or "all",
            details=wanted.told(),
        )
        # On record before the first line is out; so the export tells of itself.
        with assembly.database.write() as connection:
            record(connection, event)
        tenants = [options.tenant] if options.tenant else None
        for line in export_lines(assembly.database, tenants, wanted):
            print_json(line)
    return 0


def _anchor(options: argparse.Namespace) -> int:
    from governance.audit.anchors import append_anchors

    path = Path(options.file)
    with opened(options) as assembly:
        heads = append_anchors(assembly.database, path, assembly.clock())
    if options.json:
        print_json({"file": str(path), "appended": heads})
    else:
        print(f"{heads} heads that were not there yet are in {path} now")
    return 0


def _rekey(options: argparse.Namespace) -> int:
    with opened(options) as assembly:
        assembly.accept_audit_key()
    if options.json:
        print_json({"accepted": True})
    else:
        print("every chain goes on with the key of now, and its next line says so")
    return 0


def _print(found: "Verification") -> None:
    from governance.audit.findings import name_of

    for chain in found.chains:
        cleared = f", {chain.cleared} cleared by retention" if chain.cleared else ""
        state = "whole" if chain.whole else f"{chain.wrong} findings"
        print(
            f"{name_of(chain.tenant)}: {state}, {chain.lines} lines{cleared}, "
            f"head {chain.hash[:_SHORT_HASH]}"
        )
    for finding in found.findings:
        print(finding)


def _verification_json(found: "Verification") -> dict[str, object]:
    return {"whole": found.whole, "chains": [_chain_json(one) for one in found.chains]}


def _chain_json(chain: "ChainReport") -> dict[str, object]:
    return {
        "tenant": chain.tenant,
        "whole": chain.whole,
        "lines": chain.lines,
        "cleared": chain.cleared,
        "last_at": chain.last_at,
        "hash": chain.hash,
        "marked": chain.marked,
        "wrong": chain.wrong,
        "findings": [
            {"number": one.number, "wrong": one.wrong.value, "detail": one.detail}
            for one in chain.findings
        ],
    }


def _moment(option: str, text: str | None) -> "datetime | None":
    from datetime import UTC, datetime

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} takes a moment like 2026-11-23 or 2026-11-23T12:00:00Z, not {text!r}"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
