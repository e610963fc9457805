"""Who is asking: a tenant, roles, and the audiences that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody does here."""

    PARTNER_CONSULTANT = "partner_consultant"
    CHANNEL_MANAGER = "channel_manager"
    CONTENT_OWNER = "content_owner"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What somebody may do. Which documents it applies to is `visible_to()`'s business."""

    ASK = "ask"
    READ_DOCUMENTS = "read_documents"
    READ_UNPUBLISHED = "read_unpublished"
    MANAGE_DOCUMENTS = "manage_documents"
    READ_METRICS = "read_metrics"


_STAFF = frozenset({Role.CHANNEL_MANAGER, Role.CONTENT_OWNER, Role.AUDITOR, Role.ADMIN})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.PARTNER_CONSULTANT: frozenset({Permission.ASK, Permission.READ_DOCUMENTS}),
        Role.CHANNEL_MANAGER: frozenset({Permission.ASK, Permission.READ_DOCUMENTS}),
        Role.CONTENT_OWNER: frozenset(
            {
                Permission.ASK,
                Permission.READ_DOCUMENTS,
                Permission.READ_UNPUBLISHED,
                Permission.MANAGE_DOCUMENTS,
            }
        ),
        Role.AUDITOR: frozenset({Permission.READ_DOCUMENTS, Permission.READ_METRICS}),
        Role.ADMIN: frozenset(Permission),
    }
)

_AUDIENCE_ATTRIBUTES = ("tier", "region")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The asker, as the server knows it from verified claims; nothing in a request widens it.

    `attributes` holds verified claims such as `{"tier": "gold", "region": "emea"}`.
    """

    subject: str
    tenant: str
    roles: frozenset[Role]
    attributes: Mapping[str, str] = field(default_factory=dict)

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
        """Everything any of the roles allows."""
        return frozenset().union(*(PERMISSIONS[role] for role in self.roles))

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles allows it."""
        return permission in self.permissions
