"""Who is asking: a tenant, roles, and the audiences that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody does here."""

    PARTNER_CONSULTANT = "partner_consultant"
    PARTNER_ADMIN = "partner_admin"
    CHANNEL_MANAGER = "channel_manager"
    CONTENT_OWNER = "content_owner"
    APPROVER = "approver"
    SUPPORT_AGENT = "support_agent"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What somebody may do. Which documents it applies to is `visible_to()`'s business.

    All of them hold within the asker's own tenant.
    """

    ASK = "ask"
    READ_DOCUMENTS = "read_documents"
    READ_UNPUBLISHED = "read_unpublished"
    MANAGE_DOCUMENTS = "manage_documents"
    """Upload, submit, withdraw and delete."""
    PUBLISH_TO_OTHERS = "publish_to_others"
    """Name other tenants, tiers, regions or all partners as a document's audience, and approve
    what does."""
    APPROVE_DOCUMENTS = "approve_documents"
    """Approve, reject and withdraw; never what one submitted oneself."""
    READ_CITING_OUTCOMES = "read_citing_outcomes"
    """See which answers cited a version of an own document."""
    READ_TENANT_ESCALATIONS = "read_tenant_escalations"
    WORK_ESCALATIONS = "work_escalations"
    """Claim, answer and resolve escalations in the queues assigned."""
    REVIEW_PARTNERS = "review_partners"
    """Prepare business reviews of the partners assigned."""
    MANAGE_ACCESS = "manage_access"
    """Make and revoke API keys, revoke tokens."""
    MINT_WIDGET_TOKENS = "mint_widget_tokens"
    """Only through an API key: a host's backend does it for the people it serves."""
    READ_AUDIT = "read_audit"
    READ_METRICS = "read_metrics"


_READING = frozenset({Permission.ASK, Permission.READ_DOCUMENTS})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.PARTNER_CONSULTANT: _READING,
        Role.PARTNER_ADMIN: _READING
        | {
            Permission.READ_UNPUBLISHED,
            Permission.MANAGE_DOCUMENTS,
            Permission.APPROVE_DOCUMENTS,
            Permission.READ_TENANT_ESCALATIONS,
            Permission.MANAGE_ACCESS,
            Permission.MINT_WIDGET_TOKENS,
        },
        Role.CHANNEL_MANAGER: _READING | {Permission.REVIEW_PARTNERS},
        Role.CONTENT_OWNER: _READING
        | {
            Permission.READ_UNPUBLISHED,
            Permission.MANAGE_DOCUMENTS,
            Permission.PUBLISH_TO_OTHERS,
            Permission.APPROVE_DOCUMENTS,
            Permission.READ_CITING_OUTCOMES,
        },
        Role.APPROVER: _READING
        | {
            Permission.READ_UNPUBLISHED,
            Permission.PUBLISH_TO_OTHERS,
            Permission.APPROVE_DOCUMENTS,
            Permission.READ_CITING_OUTCOMES,
        },
        Role.SUPPORT_AGENT: _READING | {Permission.WORK_ESCALATIONS},
        # The record, and no content beyond it.
        Role.AUDITOR: frozenset({Permission.READ_AUDIT, Permission.READ_METRICS}),
        Role.ADMIN: frozenset(Permission),
    }
)
"""The one table of who may do what; docs/security.md shows it, and a test compares the two."""

# As `audit.CONSOLE`, which stands above this module.
_CONSOLE = "console"
_AUDIENCE_ATTRIBUTES = ("tier", "region")
_STAFF = frozenset(
    {
        Role.CHANNEL_MANAGER,
        Role.CONTENT_OWNER,
        Role.APPROVER,
        Role.SUPPORT_AGENT,
        Role.ADMIN,
    }
)
# Each of these reads all that its tenant owns, assigned or not.
_UNRESTRICTED_STAFF = _STAFF - {Role.CHANNEL_MANAGER}


_OF_ALL_DOCUMENTS = frozenset(
    {
        Permission.READ_UNPUBLISHED,
        Permission.MANAGE_DOCUMENTS,
        Permission.APPROVE_DOCUMENTS,
        Permission.READ_CITING_OUTCOMES,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The asker, as the server knows it from verified claims; nothing in a request widens it.

    `attributes` holds verified claims such as `{"tier": "gold", "region": "emea"}`; of a channel
    manager `partners` and of a support agent `queues`, names separated by commas. `scopes`
    narrows what the roles allow, as an API key's do; None: it does not. `accountable` is who made
    the API key that asks, and answers for what it does; empty where nobody stands in between.
    `minted_by` is the id of the API key that minted a widget token; empty for everybody else.
    """

    subject: str
    tenant: str
    roles: frozenset[Role]
    attributes: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[Permission] | None = None
    accountable: str = ""
    minted_by: str = ""

    @property
    def counted_as(self) -> str:
        """Under whose name requests count: a person's keys are no more persons.

        Keys that were made at the console belong to nobody, and each counts for itself.
        """
        return self.subject if self.accountable in ("", _CONSOLE) else self.accountable

    @property
    def audiences(self) -> frozenset[str]:
        """The audiences this asker belongs to, in the words documents use."""
        named = {
            f"{name}:{self.attributes[name].casefold()}"
            for name in _AUDIENCE_ATTRIBUTES
            if self.attributes.get(name)
        }
        staff = {"internal"} if self.roles & _STAFF else set()
        return frozenset({"partners", f"tenant:{self.tenant}"} | named | staff)

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything any of the roles allows, within the scopes."""
        allowed = frozenset[Permission]().union(*(PERMISSIONS[role] for role in self.roles))
        if self.reads_assigned_only:
            # They show what the own tenant keeps about every partner.
            allowed -= _OF_ALL_DOCUMENTS
        return allowed if self.scopes is None else allowed & self.scopes

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles allows it."""
        return permission in self.permissions

    @property
    def reads_assigned_only(self) -> bool:
        """Whether what the own tenant holds about single partners is read for assigned ones only.

        So it is with a channel manager, whatever lesser roles the same person has.
        """
        return Role.CHANNEL_MANAGER in self.roles and not self.roles & _UNRESTRICTED_STAFF

    @property
    def assigned_partners(self) -> frozenset[str]:
        """The partners that a channel manager looks after."""
        return _names(self.attributes.get("partners", ""))

    @property
    def assigned_queues(self) -> frozenset[str]:
        """The queues that a support agent works in."""
        return _names(self.attributes.get("queues", ""))


EVERY_PARTNER = Principal(
    subject="every partner", tenant="", roles=frozenset({Role.PARTNER_CONSULTANT})
)
"""A partner of no tenant: reads what all partners read, and nothing else.

Whatever is fitted for everybody asks as this one: what a tenant keeps to itself must not move
what another one gets.
"""


def _names(listed: str) -> frozenset[str]:
    return frozenset(name for part in listed.split(",") if (name := part.strip()))
