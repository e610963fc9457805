"""`serve` and `token`: the HTTP service, and what opens it."""

import argparse
from dataclasses import replace

from commands.numbers import duration
from commands.opening import opened, settings
from commands.printing import print_json
from commands.usage import Commands
from commands.who import attributes, check_tenant, roles


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `serve` and `token`."""
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


def _serve(options: argparse.Namespace) -> int:
    from api import serve

    return serve(host=options.host, port=options.port, settings=settings(options))


def _token(options: argparse.Namespace) -> int:
    from governance.identity import TokenRequest
    from governance.local_tokens import put_on_record

    check_tenant(options)
    request = TokenRequest(
        tenant=options.tenant,
        roles=frozenset(roles(options.role)),
        attributes=attributes(options.attribute),
        ttl=duration(options.ttl),
    )
    if options.subject:
        request = replace(request, subject=options.subject)
    with opened(options) as assembly:
        token = assembly.tokens.issue(request)
        # Nobody gets a token that is on no record.
        with assembly.database.write() as connection:
            put_on_record(connection, request, clock=assembly.clock)
    if options.json:
        seconds = int(request.ttl.total_seconds())
        print_json({"token": token, "expires_in": seconds, "token_id": request.token_id})
    else:
        print(token)
    return 0
