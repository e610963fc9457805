"""Who a command acts as: tenant, roles and attributes from its options."""

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from commands.usage import UsageError

if TYPE_CHECKING:
    from assembly import Assembly
    from governance.principal import Principal, Role


def asker(options: argparse.Namespace, assembly: "Assembly") -> "Principal":
    """Whoever asks; without `--tenant` the owner of the documents."""
    from governance.principal import Principal, Role

    tenant = options.tenant or _default_tenant(assembly)
    chosen = roles(options.role)
    if not chosen:
        chosen = {Role.PARTNER_CONSULTANT} if options.tenant else {Role.CONTENT_OWNER}
    return Principal(
        subject="command line",
        tenant=tenant,
        roles=frozenset(chosen),
        attributes=attributes(options.attribute),
    )


def operator(options: argparse.Namespace, assembly: "Assembly") -> "Principal":
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


def check_tenant(options: argparse.Namespace) -> None:
    """Refuse a `--tenant` that is no tenant id, with a `UsageError`."""
    from ingest.metadata_keys import tenant_id

    if options.tenant is None:
        return
    try:
        tenant_id(options.tenant)
    except ValueError as error:
        raise UsageError(f"--tenant: {error}") from None


def roles(names: Sequence[str] | None) -> "set[Role]":
    """The roles of these names; raises `UsageError`."""
    from governance.principal import Role

    try:
        return {Role(name) for name in names or ()}
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise UsageError(f"{error}; roles are {known}") from None


def attributes(pairs: Sequence[str] | None) -> Mapping[str, str]:
    """The attributes of these `name=value` pairs; raises `UsageError`."""
    found = {}
    for pair in pairs or ():
        name, sign, value = pair.partition("=")
        if not sign or not name or not value:
            raise UsageError(f"--attribute takes name=value, not {pair!r}")
        found[name] = value
    return found


def _default_tenant(assembly: "Assembly") -> str:
    """Whoever sits at the console of a one-owner corpus is the owner's."""
    from ingest.manifest import VENDOR

    owners = sorted({version.tenant for version in assembly.catalog.newest()})
    if len(owners) > 1:
        raise UsageError(f"documents belong to {', '.join(owners)}; say who asks with --tenant")
    return owners[0] if owners else VENDOR
