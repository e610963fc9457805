"""What a key may be: nobody makes one that could do, or read, more than they can themselves.

And what it never does: decide who else may come in.
"""

from governance.identity import CredentialKind, ForbiddenError, Identity
from governance.principal import PERMISSIONS, Permission, Principal, Role


def check_within(made: Principal, maker: Identity) -> None:
    """Raise `ForbiddenError` where a key of this principal would go beyond who makes it.

    What one may do follows from the roles; what one may read, from tenant, audiences and the
    partners assigned. All of them are compared, because scopes narrow only the first.
    """
    own = maker.principal
    if maker.kind is CredentialKind.API_KEY:
        # One that leaked could outlive its own end.
        raise _beyond("an API key makes no other keys; a person does")
    if made.tenant != own.tenant:
        raise _beyond("keys are made for the own tenant only")
    if not made.permissions:
        raise _beyond("the key could do nothing; name other roles or scopes")
    if not (made.permissions <= own.permissions and _granted(made.roles) <= _granted(own.roles)):
        raise _beyond("the key could do more than you may; name fewer roles or scopes")
    if not made.audiences <= own.audiences:
        raise _beyond("the key could read what you may not; name fewer roles or attributes")
    if own.reads_assigned_only and not (
        made.reads_assigned_only and made.assigned_partners <= own.assigned_partners
    ):
        raise _beyond("the key could read about partners that are not assigned to you")
    if (
        Role.ADMIN not in own.roles
        and made.may(Permission.WORK_ESCALATIONS)
        and not made.assigned_queues <= own.assigned_queues
    ):
        raise _beyond("the key could work in queues that are not assigned to you")


def check_person(by: Principal | None) -> None:
    """Raise `ForbiddenError` where an API key would end keys or tokens. None is the console.

    One that leaked could lock out everybody who might end it.
    """
    if by is not None and by.accountable:
        raise _beyond("an API key ends no keys and no tokens; a person does")


def _granted(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset[Permission]().union(*(PERMISSIONS[role] for role in roles))


def _beyond(message: str) -> ForbiddenError:
    return ForbiddenError(message, permission=Permission.MANAGE_ACCESS)
