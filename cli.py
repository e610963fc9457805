"""partner-copilot: one thin function per command. Nothing heavy is imported before it is needed."""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assembly import Assembly
    from copilot.schemas import OutcomeJson
    from governance.document import DocumentVersion
    from governance.principal import Principal, Role
    from governance.visibility import Filters
    from ingest.pipeline import IngestReport
    from retrieval.passage import Passage

_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives it no public name
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WIDTH = 96


class UsageError(Exception):
    """The command line makes no sense; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 on success, 1 on a failure told in one line, 2 on bad usage."""
    _quieten()
    parser = build_parser()
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        _refuse_broken_text(given)
        options = parser.parse_args(given)
        return _run(options)
    except UsageError as error:
        print(f"partner-copilot: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("partner-copilot: stopped; the same command again goes on", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone; a traceback would go nowhere either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(options: argparse.Namespace) -> int:
    from foundation.errors import CopilotError

    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except CopilotError as error:
        line = " ".join(str(error).split())
        print(f"partner-copilot: {line}", file=sys.stderr)
        return 1


def _refuse_broken_text(arguments: Sequence[str]) -> None:
    # Bytes that are not UTF-8 come as lone surrogates, which no file, database or terminal takes.
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            broken = argument.encode(errors="replace").decode()
            raise UsageError(f"the argument {broken!r} is not UTF-8; write it in that") from None


def _quieten() -> None:
    # Neither library may report home, and neither may write between our lines.
    for name, value in (
        ("DO_NOT_TRACK", "1"),
        ("UNSTRUCTURED_DISABLE_NOTICE", "1"),
        ("RAGAS_DO_NOT_TRACK", "true"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("TRANSFORMERS_VERBOSITY", "error"),
    ):
        os.environ.setdefault(name, value)


# -- commands ----------------------------------------------------------------------------------


def _ingest(options: argparse.Namespace) -> int:
    from governance.document import ApprovalState, DocType
    from ingest.manifest import IngestOptions
    from ingest.pipeline import IngestRun, Prune
    from ingest.source import discover

    if options.prune not in (None, "careful", "all"):
        raise UsageError(f"--prune takes nothing or 'all', not {options.prune!r}")
    if not all(path.strip() for path in options.paths):
        raise UsageError("a PATH is empty; for the folder you are in, write .")
    paths = [Path(path) for path in options.paths]
    if options.prune and any(path.is_file() for path in paths):
        raise UsageError(
            "--prune compares a whole folder with its owner's documents, and would withdraw all "
            "but the files that are named; name their folder, or leave --prune out"
        )
    corpus = discover(
        paths,
        IngestOptions(
            tenant=options.tenant,
            audience=tuple(options.audience or ()),
            doc_type=DocType(options.doc_type) if options.doc_type else None,
            approval=ApprovalState(options.approval) if options.approval else None,
        ),
    )
    how = IngestRun(
        prune=Prune(options.prune) if options.prune else Prune.NO,
        dry_run=options.dry_run,
        workers=options.workers,
    )
    with _opened(options) as assembly:
        from terminal import ingest_progress

        with ingest_progress(visible=not options.json) as on_progress:
            report = assembly.pipeline.run(corpus, how, on_progress)
    if options.json:
        _print_json(_report_json(report))
    else:
        _print_report(report, dry_run=options.dry_run)
    worked = report.added + report.updated + report.unchanged + report.removed
    if worked == 0:
        reason = "every file failed" if report.failed else "no documents found"
        print(f"partner-copilot: nothing was ingested: {reason}", file=sys.stderr)
        return 1
    return 0


def _search(options: argparse.Namespace) -> int:
    from retrieval.query import Query

    _check_tenant(options)
    with _opened(options) as assembly:
        principal = _principal(options, assembly)
        query = Query(
            text=options.question, principal=principal, filters=_filters(options), limit=options.k
        )
        found = assembly.retriever.search(query)
        if options.json:
            _print_json({"passages": [_passage_json(one) for one in found.passages]})
        else:
            _print_passages(found.passages)
            if not found.passages:
                _hint_nothing_readable(assembly, principal)
    return 0


def _ask(options: argparse.Namespace) -> int:
    from copilot.ask import Asked
    from foundation.ids import ID_PATTERN

    _check_tenant(options)
    if options.conversation is not None and not re.fullmatch(ID_PATTERN, options.conversation):
        raise UsageError(
            "--conversation takes an ID of up to 64 letters, digits, - and _, "
            f"not {_shortened(options.conversation, 80)!r}"
        )
    with _opened(options) as assembly:
        principal = _principal(options, assembly)
        asked = Asked(
            text=options.question,
            principal=principal,
            filters=_filters(options),
            conversation_id=options.conversation or "",
        )
        reply = assembly.copilot.ask(asked)
        if options.json:
            print(reply.body.model_dump_json())
        else:
            _print_outcome(reply.body)
            if reply.body.kind == "escalation" and not reply.body.citations:
                _hint_nothing_readable(assembly, principal)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from api import serve

    return serve(host=options.host, port=options.port, settings=_settings(options))


def _token(options: argparse.Namespace) -> int:
    from governance.identity import TokenRequest

    _check_tenant(options)
    request = TokenRequest(
        tenant=options.tenant,
        roles=frozenset(_roles(options.role)),
        attributes=_attributes(options.attribute),
        ttl=_duration(options.ttl),
    )
    if options.subject:
        request = replace(request, subject=options.subject)
    with _opened(options) as assembly:
        token = assembly.tokens.issue(request)
    if options.json:
        _print_json({"token": token, "expires_in": int(_duration(options.ttl).total_seconds())})
    else:
        print(token)
    return 0


def _documents(options: argparse.Namespace) -> int:
    from governance.approval import move, own_document
    from governance.document import ApprovalState

    with _opened(options) as assembly:
        operator = _operator(options, assembly)
        catalog = assembly.catalog
        if options.action == "list":
            versions = catalog.newest(options.tenant)
            if options.json:
                for version in versions:
                    _print_json(_document_json(version))
            else:
                _print_documents(versions)
            return 0
        if not options.id:
            raise UsageError(f"documents {options.action} needs an ID; `documents list` shows them")
        if options.action == "show":
            newest = own_document(catalog, operator, options.id)
            shown = [_document_json(one) for one in catalog.history(newest.document_id)]
            _print_json({"document": _document_json(newest), "versions": shown})
            return 0
        if options.action == "delete":
            newest = own_document(catalog, operator, options.id)
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
        moved = move(catalog, operator, options.id, target, options.note)
        _say(options, moved, moved.metadata.approval.value)
    return 0


def _reindex(options: argparse.Namespace) -> int:
    from terminal import ingest_progress

    with _opened(options) as assembly, ingest_progress(visible=not options.json) as on_progress:
        done = assembly.reindex(on_progress)
    if options.json:
        _print_json({"documents": done.total, "chunks": done.chunks})
    else:
        print(f"rebuilt the index: {done.chunks} chunks of {done.total} document versions")
    return 0


def _policy(options: argparse.Namespace) -> int:
    from governance.policy import load_policy

    load_policy(Path(options.file))
    if options.json:
        _print_json({"valid": True})
    else:
        print(f"{options.file} is a valid policy")
    return 0


def _eval(options: argparse.Namespace) -> int:
    from eval.command import run_eval

    with _opened(options) as assembly:
        return run_eval(assembly, options)


# -- who and what ------------------------------------------------------------------------------


def _opened(options: argparse.Namespace) -> "closing[Assembly]":
    from assembly import Assembly

    return closing(Assembly(_settings(options)))


def _settings(options: argparse.Namespace):  # type: ignore[no-untyped-def] # noqa: ANN202 - pydantic is imported late
    from foundation.settings import load_settings

    return load_settings(Path(options.data_dir) if options.data_dir else None)


def _owners(assembly: "Assembly") -> tuple[str, ...]:
    return tuple(sorted({version.tenant for version in assembly.catalog.newest()}))


def _default_tenant(assembly: "Assembly") -> str:
    """Whoever sits at the console of a one-owner corpus is the owner's."""
    from ingest.manifest import VENDOR

    owners = _owners(assembly)
    if len(owners) > 1:
        raise UsageError(f"documents belong to {', '.join(owners)}; say who asks with --tenant")
    return owners[0] if owners else VENDOR


def _principal(options: argparse.Namespace, assembly: "Assembly") -> "Principal":
    from governance.principal import Principal, Role

    tenant = options.tenant or _default_tenant(assembly)
    roles = _roles(options.role)
    if not roles:
        roles = {Role.PARTNER_CONSULTANT} if options.tenant else {Role.CONTENT_OWNER}
    return Principal(
        subject="command line",
        tenant=tenant,
        roles=frozenset(roles),
        attributes=_attributes(options.attribute),
    )


def _operator(options: argparse.Namespace, assembly: "Assembly") -> "Principal":
    """Whoever has the data folder may manage the documents in it."""
    from governance.principal import Principal, Role

    tenant = options.tenant
    if not tenant and options.id:
        history = assembly.catalog.history(options.id)
        tenant = history[-1].tenant if history else ""
    return Principal(
        subject="command line",
        tenant=tenant or "",
        roles=frozenset({Role.CONTENT_OWNER}),
    )


def _check_tenant(options: argparse.Namespace) -> None:
    from ingest.metadata_keys import tenant_id

    if options.tenant is None:
        return
    try:
        tenant_id(options.tenant)
    except ValueError as error:
        raise UsageError(f"--tenant: {error}") from None


def _roles(names: Sequence[str] | None) -> "set[Role]":
    from governance.principal import Role

    try:
        return {Role(name) for name in names or ()}
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise UsageError(f"{error}; roles are {known}") from None


def _attributes(pairs: Sequence[str] | None) -> Mapping[str, str]:
    found = {}
    for pair in pairs or ():
        name, sign, value = pair.partition("=")
        if not sign or not name or not value:
            raise UsageError(f"--attribute takes name=value, not {pair!r}")
        found[name] = value
    return found


def _filters(options: argparse.Namespace) -> "Filters":
    from foundation.clock import parse_date
    from governance.document import DocType
    from governance.visibility import Filters

    known = {kind.value for kind in DocType}
    for kind in options.doc_type or ():
        if kind not in known:
            raise UsageError(f"no kind of document {kind!r}; kinds are {', '.join(sorted(known))}")
    return Filters(
        doc_types=frozenset(options.doc_type or ()),
        product=options.product,
        release=options.release,
        as_of=parse_date(options.as_of, what="--as-of") if options.as_of else None,
    )


def _duration(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    digits = number.isascii() and number.isdigit()
    if unit not in _UNITS or not digits or len(number) > 9:  # noqa: PLR2004
        raise UsageError(f"--ttl takes a number and s, m, h or d, such as 1h, not {text!r}")
    return timedelta(seconds=int(number) * _UNITS[unit])


# -- what is printed ---------------------------------------------------------------------------


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))


def _report_json(report: "IngestReport") -> dict[str, object]:
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "failed": [{"path": one.path, "error": one.error} for one in report.failed],
        "chunks": report.chunks,
        "seconds": round(report.seconds, 3),
    }


def _print_report(report: "IngestReport", *, dry_run: bool) -> None:
    for line in report.warnings:
        print(f"note: {line}")
    for failure in report.failed:
        print(f"failed: {failure.path}: {failure.error}")
    would = "would be " if dry_run else ""
    print(
        f"{report.added} {would}added, {report.updated} {would}updated, "
        f"{report.unchanged} unchanged, {report.removed} {would}removed, "
        f"{len(report.failed)} failed, {report.skipped} skipped; "
        f"{report.chunks} chunks in {report.seconds:.1f} s"
    )
    if report.drafts:
        print(
            f"{report.drafts} of them are not approved, so nobody can search them yet\n"
            "(readers keep the approved version before, if there is one):\n"
            "`partner-copilot documents approve ID`, or ingest with --approval approved"
        )


def _passage_json(passage: "Passage") -> dict[str, object]:
    from retrieval.schemas import passage_json

    return passage_json(passage).model_dump(mode="json")


def _print_passages(passages: "Sequence[Passage]") -> None:
    for one in passages:
        place = " > ".join(one.chunk.locator.heading_path)
        page = f", page {one.chunk.locator.page}" if one.chunk.locator.page else ""
        print(f"{one.rank}. {one.title} ({one.doc_type}, version {one.chunk.version}{page})")
        print(f"   {one.uri}{' - ' + place if place else ''}")
        print(f"   cosine {one.dense_score:.3f}, BM25 {one.keyword_score:.2f}")
        print(f"   {_shortened(one.chunk.text, 240)}\n")


def _print_outcome(outcome: "OutcomeJson") -> None:
    from terminal import print_outcome

    print_outcome(outcome)


def _hint_nothing_readable(assembly: "Assembly", principal: "Principal") -> None:
    """Only for an owner: to anybody else, what they may not read does not exist."""
    if not assembly.catalog.newest():
        print("(nothing has been ingested yet: partner-copilot ingest FOLDER)")
        return
    own = assembly.catalog.newest(principal.tenant)
    waiting = [one for one in own if not one.access.approved]
    if own and len(waiting) == len(own):
        print(
            f"({len(waiting)} of your documents wait for approval: partner-copilot documents list)"
        )


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
        _print_json({"id": version.document_id, "uri": version.uri, "state": state})
    else:
        print(f"{version.uri} is {state}")


def _shortened(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


# -- the command line --------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    """Return the command line, without running anything."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON for machines")
    shared.add_argument("--data-dir", metavar="DIR", help="where state lives (COPILOT_DATA_DIR)")
    parser = argparse.ArgumentParser(
        prog="partner-copilot",
        description="Answers partners from approved documents they may read.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    ingest = commands.add_parser("ingest", parents=[shared], help="read folders and files")
    ingest.add_argument("paths", nargs="+", metavar="PATH")
    ingest.add_argument("--tenant", metavar="ID", help="who owns the documents")
    ingest.add_argument("--audience", action="append", metavar="A", help="who may read them")
    ingest.add_argument("--doc-type", metavar="T", choices=_DOC_TYPES)
    ingest.add_argument("--approval", choices=("draft", "approved"))
    ingest.add_argument(
        "--prune", nargs="?", const="careful", metavar="all",
        help="withdraw documents whose file has vanished; =all: however many",
    )  # fmt: skip
    ingest.add_argument("--dry-run", action="store_true", help="say what would change")
    ingest.add_argument("--workers", type=_positive, default=2, metavar="N")
    ingest.set_defaults(command=_ingest)

    _add_asking(commands, shared)
    _add_running(commands, shared)
    return parser


def _add_asking(
    commands: "_Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    asking = argparse.ArgumentParser(add_help=False)
    asking.add_argument("question", metavar="QUESTION")
    asking.add_argument("--tenant", metavar="ID", help="who asks")
    asking.add_argument("--role", action="append", metavar="R", help="as what")
    asking.add_argument("--attribute", action="append", metavar="k=v", help="such as tier=gold")
    asking.add_argument("--doc-type", action="append", metavar="T", help="only these kinds")
    asking.add_argument("--product", metavar="P")
    asking.add_argument("--release", metavar="V")
    asking.add_argument("--as-of", metavar="DATE", help="what was valid on that day (YYYY-MM-DD)")

    search = commands.add_parser("search", parents=[shared, asking], help="find passages")
    search.add_argument("-k", type=_limit, default=10, metavar="10", help="how many")
    search.set_defaults(command=_search)

    ask = commands.add_parser("ask", parents=[shared, asking], help="get an answer")
    ask.add_argument("-k", type=_limit, default=10, help=argparse.SUPPRESS)
    ask.add_argument("--conversation", metavar="ID", help="go on with a conversation")
    ask.set_defaults(command=_ask)


def _add_running(
    commands: "_Commands[argparse.ArgumentParser]", shared: argparse.ArgumentParser
) -> None:
    serve = commands.add_parser("serve", parents=[shared], help="serve HTTP")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    serve.set_defaults(command=_serve)

    token = commands.add_parser("token", parents=[shared], help="make a token")
    token.add_argument("--tenant", required=True, metavar="ID")
    token.add_argument("--role", action="append", required=True, metavar="R")
    token.add_argument("--attribute", action="append", metavar="k=v")
    token.add_argument("--subject", metavar="S", help="whose it is; left out: nobody else's")
    token.add_argument("--ttl", default="1h", metavar="1h")
    token.set_defaults(command=_token)

    documents = commands.add_parser("documents", parents=[shared], help="list and manage")
    documents.add_argument(
        "action",
        choices=("list", "show", "submit", "approve", "reject", "withdraw", "delete"),
    )
    documents.add_argument("id", nargs="?", metavar="ID")
    documents.add_argument("--tenant", metavar="ID", help="whose documents")
    documents.add_argument("--note", default="", help="why")
    documents.set_defaults(command=_documents)

    reindex = commands.add_parser("reindex", parents=[shared], help="build the index again")
    reindex.set_defaults(command=_reindex)

    policy = commands.add_parser("policy", parents=[shared], help="check a policy file")
    policy.add_argument("action", choices=("check",))
    policy.add_argument("file", metavar="FILE")
    policy.set_defaults(command=_policy)

    evaluate = commands.add_parser("eval", parents=[shared], help="measure answers")
    evaluate.add_argument("action", choices=("run",))
    evaluate.add_argument("dataset", metavar="DATASET")
    evaluate.set_defaults(command=_eval)


# Written out, because importing them would cost every `--help` the price of the floors below;
# tests compare them with the enum and the limit there.
_MOST_PASSAGES = 100
_DOC_TYPES = (
    "playbook", "policy", "integration_guide", "release_note", "pricing", "best_practice", "faq",
    "ticket", "reference",
)  # fmt: skip


def _positive(text: str) -> int:
    number = _number(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _limit(text: str) -> int:
    number = _positive(text)
    if number > _MOST_PASSAGES:
        raise argparse.ArgumentTypeError(f"must be {_MOST_PASSAGES} or less")
    return number


def _number(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
