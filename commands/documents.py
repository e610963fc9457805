"""`documents`: list what there is, and say who may read it."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands, UsageError
from commands.who import operator

if TYPE_CHECKING:
    from governance.document import DocumentVersion


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `documents`."""
    documents = commands.add_parser("documents", parents=[shared], help="list and manage")
    documents.add_argument(
        "action",
        choices=("list", "show", "submit", "approve", "reject", "withdraw", "delete"),
    )
    documents.add_argument("id", nargs="?", metavar="ID")
    documents.add_argument("--tenant", metavar="ID", help="whose documents")
    documents.add_argument("--note", default="", help="why")
    documents.set_defaults(command=_documents)


def _documents(options: argparse.Namespace) -> int:
    from governance.approval import move, own_document
    from governance.document import ApprovalState

    with opened(options) as assembly:
        acting = operator(options, assembly)
        catalog = assembly.catalog
        if options.action == "list":
            versions = catalog.newest(options.tenant)
            if options.json:
                for version in versions:
                    print_json(_document_json(version))
            else:
                _print_documents(versions)
            return 0
        if not options.id:
            raise UsageError(f"documents {options.action} needs an ID; `documents list` shows them")
        if options.action == "show":
            newest = own_document(catalog, acting, options.id)
            shown = [_document_json(one) for one in catalog.history(newest.document_id)]
            print_json({"document": _document_json(newest), "versions": shown})
            return 0
        if options.action == "delete":
            newest = own_document(catalog, acting, options.id)
            keys = {one.blob_key for one in catalog.history(newest.document_id)}
            catalog.erase(newest.document_id)
            for key in keys:
                if not catalog.blob_in_use(key):
                    assembly.blobs.delete(key)
            _say(options, newest, "deleted")
            return 0
        target = {
            "submit": ApprovalState.IN_REVIEW,
            "approve": ApprovalState.APPROVED,
            "reject": ApprovalState.DRAFT,
            "withdraw": ApprovalState.WITHDRAWN,
        }[options.action]
        moved = move(catalog, acting, options.id, target, options.note)
        _say(options, moved, moved.metadata.approval.value)
    return 0


def _document_json(version: "DocumentVersion") -> dict[str, object]:
    from governance.schemas import document_json

    return document_json(version).model_dump(mode="json")


def _print_documents(versions: "Sequence[DocumentVersion]") -> None:
    for one in versions:
        audience = ",".join(sorted(one.metadata.audience))
        print(
            f"{one.document_id}  {one.metadata.approval.value:<9}  v{one.version:<3} "
            f"{one.metadata.doc_type.value:<17}  {audience:<18}  {one.uri}"
        )
    print(f"{len(versions)} documents")


def _say(options: argparse.Namespace, version: "DocumentVersion", state: str) -> None:
    if options.json:
        print_json({"id": version.document_id, "uri": version.uri, "state": state})
    else:
        print(f"{version.uri} is {state}")
