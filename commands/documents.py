"""`documents`: list what there is, read and compare versions, and say who may read them."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from commands.numbers import positive
from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands, UsageError
from commands.who import operator

if TYPE_CHECKING:
    from assembly import Assembly
    from governance.answers import CitedBy
    from governance.approval import Decision
    from governance.author import Author
    from governance.comparison import Comparison
    from governance.deletion import Proof
    from governance.document import DocumentVersion

_MOVES = ("submit", "approve", "reject", "withdraw")
_NEWEST_SHOWN = 20


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `documents`."""
    documents = commands.add_parser("documents", parents=[shared], help="list and manage")
    documents.add_argument(
        "action", choices=("list", "show", "text", "diff", "cited", *_MOVES, "delete")
    )
    documents.add_argument("id", nargs="?", metavar="ID")
    documents.add_argument("--tenant", metavar="ID", help="whose documents")
    documents.add_argument("--note", default="", help="why")
    documents.add_argument(
        "--as", dest="subject", metavar="NAME",
        help="who decides; then rules bind as they do over HTTP, four eyes among them",
    )  # fmt: skip
    documents.add_argument("--version", type=positive, metavar="N", help="left out: the newest")
    documents.add_argument("--review-by", metavar="DATE", help="with approve: look again by then")
    documents.add_argument("--due", action="store_true", help="list what is to be looked at again")
    documents.add_argument(
        "--from", dest="old", type=positive, metavar="N", help="with diff; left out: one before"
    )
    documents.add_argument(
        "--to", dest="new", type=positive, metavar="N", help="with diff; left out: the newest"
    )
    documents.set_defaults(command=_documents)


def _documents(options: argparse.Namespace) -> int:
    if options.action != "list" and not options.id:
        raise UsageError(f"documents {options.action} needs an ID; `documents list` shows them")
    if options.subject is not None and not options.subject.strip():
        raise UsageError("--as takes the name of who decides")
    if options.review_by and options.action != "approve":
        raise UsageError("--review-by goes with `documents approve`")
    action = {
        "list": _list, "show": _show, "text": _text, "diff": _diff, "cited": _cited_by,
        "delete": _delete,
    }.get(options.action, _move)  # fmt: skip
    with opened(options) as assembly:
        action(options, assembly)
    return 0


def _list(options: argparse.Namespace, assembly: "Assembly") -> None:
    if options.due:
        found = assembly.documents.reviews.due(assembly.clock().date(), options.tenant)
    else:
        found = assembly.catalog.newest(options.tenant)
    if options.json:
        for version in found:
            print_json(_document_json(assembly, version))
    else:
        _print_documents(assembly, found)


def _show(options: argparse.Namespace, assembly: "Assembly") -> None:
    from governance.approval import own_document
    from governance.document_schemas import step_json

    acting = operator(options, assembly)
    newest = own_document(assembly.catalog, acting, options.id)
    shown = assembly.documents.listing.document(acting, newest.document_id)
    print_json(
        {
            "document": _document_json(assembly, newest),
            "versions": [_document_json(assembly, one) for one in shown.versions],
            "steps": [step_json(one).model_dump(mode="json") for one in shown.steps],
        }
    )


def _text(options: argparse.Namespace, assembly: "Assembly") -> None:
    version = _chosen(options, assembly)
    text = assembly.catalog.text(version.document_id, version.version)
    if options.json:
        print_json({"document_id": version.document_id, "version": version.version, "text": text})
    else:
        print(text)


def _cited_by(options: argparse.Namespace, assembly: "Assembly") -> None:
    version = _chosen(options, assembly)
    cited = assembly.documents.answers.citing(
        version.document_id, version.version, limit=_NEWEST_SHOWN
    )
    if options.json:
        about = {"document_id": version.document_id, "version": version.version}
        print_json(about | _cited_json(cited))
    else:
        _print_cited(cited)


def _diff(options: argparse.Namespace, assembly: "Assembly") -> None:
    from governance.document_schemas import comparison_json

    listing = assembly.documents.listing
    old, new = listing.pair(operator(options, assembly), options.id, options.old, options.new)
    found = listing.comparison(old, new)
    if options.json:
        told = comparison_json(old.document_id, old.version, new.version, found)
        print_json(told.model_dump(mode="json"))
    else:
        print(f"{new.uri}: version {old.version} -> {new.version}")
        _print_comparison(found)


def _move(options: argparse.Namespace, assembly: "Assembly") -> None:
    desk = assembly.documents
    move = getattr(desk.approvals, options.action)
    moved: DocumentVersion = move(_author(options, assembly), options.id, _decision(options))
    cited = None
    if options.action == "withdraw":
        cited = desk.answers.citing(moved.document_id, limit=_NEWEST_SHOWN)
    state = moved.metadata.approval.value
    if options.json:
        told: dict[str, object] = {
            "id": moved.document_id, "uri": moved.uri, "version": moved.version, "state": state,
        }  # fmt: skip
        print_json(told if cited is None else {**told, "cited_by": _cited_json(cited)})
        return
    print(f"{moved.uri} is {state}")
    if cited is not None:
        _print_cited(cited)


def _delete(options: argparse.Namespace, assembly: "Assembly") -> None:
    from governance.document_schemas import proof_json

    proof = assembly.documents.deletions.delete(_author(options, assembly), options.id)
    if options.json:
        told = {"id": proof.document_id, "state": "deleted"}
        print_json(told | proof_json(proof).model_dump(mode="json"))
    else:
        _print_proof(proof)


def _chosen(options: argparse.Namespace, assembly: "Assembly") -> "DocumentVersion":
    from governance.approval import own_document

    acting = operator(options, assembly)
    newest = own_document(assembly.catalog, acting, options.id)
    number = options.version or newest.version
    return assembly.documents.listing.own_version(acting, newest.document_id, number)


def _author(options: argparse.Namespace, assembly: "Assembly") -> "Author":
    """Whoever sits at the console; with a name, a person whom rules bind."""
    from dataclasses import replace

    from governance.author import Author, Hand

    acting = operator(options, assembly)
    if options.subject is None:
        return Author(principal=acting, hand=Hand.CONSOLE)
    return Author(principal=replace(acting, subject=options.subject.strip()))


def _decision(options: argparse.Namespace) -> "Decision":
    from foundation.clock import parse_date
    from governance.approval import Decision

    return Decision(
        note=options.note,
        version=options.version,
        review_by=parse_date(options.review_by, what="--review-by") if options.review_by else None,
    )


def _document_json(assembly: "Assembly", version: "DocumentVersion") -> dict[str, object]:
    from governance.schemas import document_json

    standing = assembly.documents.listing.standing(version)
    return document_json(version, standing).model_dump(mode="json")


def _cited_json(cited: "CitedBy") -> dict[str, object]:
    from governance.document_schemas import cited_by_json

    return cited_by_json(cited).model_dump(mode="json")


def _print_documents(assembly: "Assembly", versions: "Sequence[DocumentVersion]") -> None:
    for one in versions:
        standing = assembly.documents.listing.standing(one)
        audience = ",".join(sorted(one.metadata.audience))
        due = f"  review by {standing.review_by}" if standing.review_due else ""
        print(
            f"{one.document_id}  {standing.state.value:<9}  v{one.version:<3} "
            f"{one.metadata.doc_type.value:<17}  {audience:<18}  {one.uri}{due}"
        )
    print(f"{len(versions)} documents")


def _print_comparison(found: "Comparison") -> None:
    from governance.comparison import Kind

    for fact in found.metadata:
        print(f"  {fact.key}: {fact.old or 'nothing'} -> {fact.new or 'nothing'}")
    for change in found.changes:
        if change.kind is Kind.SAME:
            if change.left_out:
                print(f"  ({change.left_out} lines are the same)")
            continue
        print(f"@@ -{change.old_line} +{change.new_line} @@")
        for sign, lines in (("-", change.old), ("+", change.new)):
            for line in lines:
                print(f"{sign} {line}")
    more = "" if found.complete else "; there is more than is shown, read the text"
    print(f"{found.added} lines added, {found.removed} removed{more}")


def _print_cited(cited: "CitedBy") -> None:
    for one in cited.newest:
        numbers = ", ".join(map(str, one.versions))
        print(
            f"{one.id}  {one.created_at:%Y-%m-%d %H:%M}  {one.kind:<10}  {one.tenant}  "
            f"confidence {one.confidence:.2f}  version {numbers}"
        )
    print(f"{cited.total} outcomes cite it")


def _print_proof(proof: "Proof") -> None:
    removed, remaining = proof.removed, proof.remaining
    points = "unknown" if remaining.index_points is None else remaining.index_points
    print(f"{proof.uri} is deleted")
    print(
        f"  removed: {proof.versions} versions, {removed.texts} texts, {removed.chunks} chunks, "
        f"{removed.blobs} originals, quotes in {removed.quotes} outcomes"
    )
    print(
        f"  found afterwards: {remaining.texts} texts, {remaining.chunks} chunks, "
        f"{remaining.blobs} originals, quotes in {remaining.quotes} outcomes, "
        f"{points} points in the index"
    )
    print(
        f"  could not be retrieved after {proof.unretrievable_after * 1000:.0f} ms, "
        f"all done after {proof.finished_after * 1000:.0f} ms"
    )
    print(f"  on record as line {proof.line.number} of {proof.line.tenant}: {proof.line.hash}")
    for line in proof.unfinished:
        print(f"  still to do: {line}")
