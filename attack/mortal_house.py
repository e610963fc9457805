"""A served house in a process of its own, for whoever means to kill it.

    python -m attack.mortal_house FOLDER

Prints its address and a token of its admin and of its approver once it listens.
"""

import logging
import sys
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.testclient import TestClient

from api import application
from attack.house import AttackedHouse, Calendar, Door, Person
from attack.loopback import listening
from foundation.clock import system_clock
from foundation.settings import Settings
from governance.principal import Role
from tests.fakes.working_house import Plain

if TYPE_CHECKING:
    from governance.redaction import Redactor

TENANT = "northstar"
WRITER = Person(tenant=TENANT, role=Role.ADMIN, subject="writer")
APPROVER = Person(tenant=TENANT, role=Role.APPROVER, subject="approver")


class MortalHouse(AttackedHouse):
    """Reads uploads, with the quick model; takes nothing out of what it keeps, which is quicker."""

    reads_uploads = True

    @cached_property
    def redactor(self) -> "Redactor":
        """Takes nothing out."""
        return Plain()  # type: ignore[return-value]


def main(folder: Path) -> None:
    """Serve until killed."""
    logging.disable(logging.CRITICAL)
    Settings.model_config["env_file"] = None
    house = MortalHouse(folder, Calendar(system_clock()))
    app = application(house.settings, lambda: house)
    with TestClient(app) as client, listening(Door(house, app, client)) as address:
        # What a crash has left of deletions, as housekeeping does every hour.
        house.documents.deletions.finish()
        tokens = "|".join(house.token(one) for one in (WRITER, APPROVER))
        sys.stdout.write(f"{address}|{tokens}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
