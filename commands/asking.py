"""`search` and `ask`: passages, or an answer from them."""

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from commands.numbers import positive
from commands.opening import opened
from commands.printing import print_json, shortened
from commands.usage import Commands, UsageError
from commands.who import asker, check_tenant

if TYPE_CHECKING:
    from assembly import Assembly
    from governance.principal import Principal
    from governance.visibility import Filters
    from retrieval.passage import Passage

# Written out, because importing it would cost every `--help` the price of the floors below; a
# test compares it with the limit there.
_MOST_PASSAGES = 100
_CONVERSATION_SHOWN = 80
_PASSAGE_SHOWN = 240


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `search` and `ask`."""
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
    ask.add_argument(
        "--conversation", metavar="ID", help="begin a conversation of this name, or go on with it"
    )
    ask.set_defaults(command=_ask)


def _search(options: argparse.Namespace) -> int:
    from retrieval.query import Query

    check_tenant(options)
    with opened(options) as assembly:
        principal = asker(options, assembly)
        query = Query(
            text=options.question, principal=principal, filters=_filters(options), limit=options.k
        )
        found = assembly.recorded_search.search(query)
        if options.json:
            print_json({"passages": [_passage_json(one) for one in found.passages]})
        else:
            _print_passages(found.passages)
            if not found.passages:
                _hint_nothing_readable(assembly, principal)
    return 0


def _ask(options: argparse.Namespace) -> int:
    from copilot.ask import Asked
    from foundation.ids import ID_PATTERN
    from terminal import print_outcome

    check_tenant(options)
    if options.conversation is not None and not re.fullmatch(ID_PATTERN, options.conversation):
        raise UsageError(
            "--conversation takes an ID of up to 64 letters, digits, - and _, "
            f"not {shortened(options.conversation, _CONVERSATION_SHOWN)!r}"
        )
    with opened(options) as assembly:
        principal = asker(options, assembly)
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
            print_outcome(reply.body)
            if reply.body.kind == "escalation" and not reply.body.citations:
                _hint_nothing_readable(assembly, principal)
            print(f"\nTo go on, ask with: --conversation {reply.body.conversation_id}")
    return 0


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


def _limit(text: str) -> int:
    number = positive(text)
    if number > _MOST_PASSAGES:
        raise argparse.ArgumentTypeError(f"must be {_MOST_PASSAGES} or less")
    return number


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
        print(f"   {shortened(one.chunk.text, _PASSAGE_SHOWN)}\n")


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
