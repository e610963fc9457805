import stat
from pathlib import Path

import pytest
from sqlalchemy import select, update

from assembly import Assembly
from foundation.clock import system_clock
from foundation.database import Database, open_database
from foundation.errors import ConfigurationError, StorageError
from foundation.settings import Settings
from governance.audit import Action, AuditEvent, record
from governance.audit.chain import audit_heads, audit_lines
from governance.audit.key import audit_key

ELSEWHERE = "a key that another process has, 32 characters or more"


def house(folder: Path, key: str | None = None) -> Assembly:
    return Assembly(Settings(_env_file=None, data_dir=folder, audit_key=key))


def tell(database: Database) -> None:
    with database.write() as connection:
        record(
            connection,
            AuditEvent(tenant="acme", at=system_clock(), action=Action.AUDIT_READ, actor="ada"),
        )


def actions(database: Database) -> list[str]:
    with database.read() as connection:
        return list(
            connection.execute(
                select(audit_lines.c.action)
                .where(audit_lines.c.tenant == "acme")
                .order_by(audit_lines.c.number)
            ).scalars()
        )


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    key = audit_key(tmp_path)
    assert audit_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "audit-key").stat().st_mode) == 0o600


def test_a_damaged_key_is_told_with_what_to_do(tmp_path: Path):
    (tmp_path / "audit-key").write_text("short")
    with pytest.raises(StorageError, match="audit rekey"):
        audit_key(tmp_path)


def test_a_head_that_who_has_no_key_wrote_is_told_by_the_next_line_for_good(tmp_path: Path):
    parts = house(tmp_path)
    tell(parts.database)
    tell(parts.database)
    with parts.database.write() as connection:
        connection.execute(
            update(audit_heads).where(audit_heads.c.tenant == "acme").values(mark="0" * 64)
        )
    tell(parts.database)
    tell(parts.database)
    assert actions(parts.database) == [
        Action.AUDIT_READ, Action.AUDIT_READ, Action.CHAIN_REMARKED, Action.AUDIT_READ,
        Action.AUDIT_READ,
    ]  # fmt: skip
    parts.close()


def test_a_process_with_another_key_writes_nothing(tmp_path: Path):
    first = house(tmp_path)
    tell(first.database)
    first.close()
    with pytest.raises(ConfigurationError, match="COPILOT_AUDIT_KEY"):
        _ = house(tmp_path, ELSEWHERE).database


def test_a_lost_key_can_be_given_up_and_the_record_says_so(tmp_path: Path):
    first = house(tmp_path)
    tell(first.database)
    first.close()
    house(tmp_path, ELSEWHERE).accept_audit_key()
    second = house(tmp_path, ELSEWHERE)
    tell(second.database)
    assert actions(second.database)[1:] == [Action.CHAIN_REMARKED, Action.AUDIT_READ]
    second.close()


def test_without_a_key_heads_bear_no_mark(tmp_path: Path):
    database = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    tell(database)
    with database.read() as connection:
        assert set(connection.execute(select(audit_heads.c.mark)).scalars()) == {""}
    database.close()
