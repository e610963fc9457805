"""`keys` and `revoke`: what machines come in with, and how it ends."""

import argparse
from typing import TYPE_CHECKING

from commands.numbers import duration
from commands.opening import opened
from commands.printing import print_json
from commands.usage import Commands, UsageError
from commands.who import attributes, check_tenant, roles

if TYPE_CHECKING:
    from governance.api_key import ApiKey, KeyRequest
    from governance.principal import Permission


def add(commands: Commands, shared: argparse.ArgumentParser) -> None:
    """Add `keys` and `revoke`."""
    keys = commands.add_parser("keys", help="make, list and revoke API keys")
    actions = keys.add_subparsers(title="actions", metavar="ACTION", required=True)

    create = actions.add_parser("create", parents=[shared], help="make a key; it is shown once")
    create.add_argument("--tenant", required=True, metavar="ID")
    create.add_argument("--name", required=True, metavar="N", help="what people know it by")
    create.add_argument("--role", action="append", required=True, metavar="R")
    create.add_argument(
        "--scope", action="append", metavar="PERMISSION", help="narrows what the roles allow"
    )
    create.add_argument("--attribute", action="append", metavar="k=v")
    create.add_argument(
        "--origin", action="append", metavar="URL", help="pages it may mint widget tokens for"
    )
    create.add_argument("--ttl", default="90d", metavar="90d", help="at most 365d")
    create.set_defaults(command=_create)

    listed = actions.add_parser("list", parents=[shared], help="the keys, ended ones too")
    listed.add_argument("--tenant", metavar="ID", help="left out: of all tenants")
    listed.set_defaults(command=_list)

    ended = actions.add_parser("revoke", parents=[shared], help="end a key")
    ended.add_argument("id", metavar="ID")
    ended.add_argument("--tenant", metavar="ID", help="whose it must be; left out: anybody's")
    ended.set_defaults(command=_revoke_key)

    revoke = commands.add_parser("revoke", parents=[shared], help="end tokens before their time")
    revoke.add_argument("--tenant", required=True, metavar="ID")
    what = revoke.add_mutually_exclusive_group(required=True)
    what.add_argument("--token-id", metavar="ID", help="one token")
    what.add_argument("--subject", metavar="S", help="all tokens that somebody has now")
    revoke.set_defaults(command=_revoke)


def _create(options: argparse.Namespace) -> int:
    check_tenant(options)
    request = _request(options)
    with opened(options) as assembly:
        made = assembly.access.api_keys.create(request)
    if options.json:
        print_json(_json(made.key) | {"key": made.text})
    else:
        # The key alone, so that a script can take it: it is shown this once.
        print(made.text)
    return 0


def _request(options: argparse.Namespace) -> "KeyRequest":
    from governance.api_key import KeyRequest

    return KeyRequest(
        tenant=options.tenant,
        name=options.name,
        roles=frozenset(roles(options.role)),
        scopes=_scopes(options),
        attributes=attributes(options.attribute),
        origins=frozenset(options.origin or ()),
        ttl=duration(options.ttl),
    )


def _scopes(options: argparse.Namespace) -> "frozenset[Permission] | None":
    from governance.principal import Permission

    if options.scope is None:
        return None
    try:
        return frozenset(Permission(name) for name in options.scope)
    except ValueError as error:
        known = ", ".join(one.value for one in Permission)
        raise UsageError(f"{error}; scopes are {known}") from None


def _list(options: argparse.Namespace) -> int:
    check_tenant(options)
    with opened(options) as assembly:
        found = assembly.access.api_keys.listed(options.tenant)
    if options.json:
        for key in found:
            print_json(_json(key))
        return 0
    for key in found:
        state = "revoked" if key.revoked_at else f"until {key.expires_at:%Y-%m-%d}"
        used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        named = ",".join(sorted(key.principal.roles))
        print(f"{key.id}  {key.principal.tenant:<16}  {state:<16}  {used:<21}  {named}  {key.name}")
    print(f"{len(found)} keys")
    return 0


def _revoke_key(options: argparse.Namespace) -> int:
    check_tenant(options)
    with opened(options) as assembly:
        ended = assembly.access.api_keys.revoke(options.tenant, options.id)
    if options.json:
        print_json(_json(ended))
    else:
        print(f"{ended.id} ({ended.name}) is revoked, with every widget token that it minted")
    return 0


def _json(key: "ApiKey") -> dict[str, object]:
    from governance.schemas_access import key_json

    return key_json(key).model_dump(mode="json")


def _revoke(options: argparse.Namespace) -> int:
    from governance.revocations import Revocation

    check_tenant(options)
    revocation = Revocation(
        tenant=options.tenant, token_id=options.token_id or "", subject=options.subject or ""
    )
    with opened(options) as assembly:
        at = assembly.access.revocations.revoke(revocation)
    if options.json:
        print_json({"status": "revoked", "revoked_at": at.isoformat()})
    elif options.token_id:
        print(f"the token {options.token_id} is revoked")
    else:
        print(f"all tokens that {options.subject} has of {options.tenant} are revoked")
    return 0
