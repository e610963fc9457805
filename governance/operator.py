"""Who runs this house: the tenant whose auditors may read the house's own record."""

from foundation.database import Database, read_text
from foundation.settings import Settings

OPERATOR = "operator"
"""The fact in the database that names the first tenant whose documents the console brought."""


def operator_tenant(settings: Settings, database: Database) -> str:
    """The operator, as the settings say or else the console's first owner; empty without both."""
    if settings.operator_tenant:
        return settings.operator_tenant
    with database.read() as connection:
        return read_text(connection, OPERATOR)
