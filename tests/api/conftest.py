"""A small house with real parts: a corpus of two tenants, ingested, embedded and served."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import application
from assembly import Assembly
from foundation.settings import Settings
from governance.identity import TokenRequest
from governance.principal import Role
from ingest.manifest import IngestOptions
from ingest.pipeline import IngestRun
from ingest.source import discover
from tests.fakes.waiting import wait_until

MANIFEST = """\
owner: northstar
defaults: {audience: [partners], approval: approved}
documents:
  - match: "policies/**"
    doc_type: policy
  - match: "guides/**"
    doc_type: integration_guide
  - match: "acme/**"
    audience: ["tenant:acme", "tenant:bolt-rival"]
  - match: "bolt/**"
    audience: ["tenant:bolt"]
  - match: "gold/**"
    audience: ["tier:gold"]
  - match: "internal/**"
    audience: [internal]
  - match: "drafts/**"
    approval: draft
"""

DOCUMENTS = {
    "policies/sla.md": """\
# Support SLA policy

This policy applies to all partners with an active agreement.

## Response targets

Gold partners get a first response within two hours.
Silver partners get a first response within eight hours.

## Missed targets

Call the duty manager when a response target has been missed by more than one hour.
""",
    "policies/refunds.md": "# Refund policy\n\nRefunds are paid within thirty days.\n",
    "guides/marketplace.md": """\
# Connect a marketplace

To connect a marketplace, follow these steps.

1. Open Settings and choose Channels.
2. Press Add channel and enter the seller key.
3. Press Test connection.
4. Press Save.
""",
    "guides/zephyr.md": "# Zephyr adapter\n\nThe Zephyr adapter listens on port 7443.\n",
    "acme/contract.md": "# Falcon agreement\n\nThe Falcon discount is 17 percent of list price.\n",
    "bolt/contract.md": "# Osprey agreement\n\nThe Osprey discount is 23 percent of list price.\n",
    "gold/perks.md": "# Gold perks\n\nGold partners get a named architect called the Concierge.\n",
    "internal/plan.md": "# Bluebird plan\n\nBluebird is the codename of the new pricing.\n",
    "drafts/roadmap.md": "# Roadmap draft\n\nThe quasar release arrives in spring.\n",
}

OPERATIONS = {"tenants/osprey-notes.md": "# Bolt notes\n\nBolt's own wifi word is heliotrope.\n"}


class Calendar:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    @contextmanager
    def later(self, by: timedelta) -> Iterator[None]:
        self.now += by
        yield
        self.now -= by


@dataclass(frozen=True)
class House:
    """The served house, and a way to speak to it as somebody."""

    app: FastAPI
    client: TestClient
    assembly: Assembly
    calendar: Calendar

    def token(
        self,
        tenant: str,
        *roles: Role,
        subject: str = "ada",
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        return self.assembly.tokens.issue(
            TokenRequest(
                tenant=tenant,
                roles=frozenset(roles or {Role.PARTNER_CONSULTANT}),
                subject=subject,
                attributes=attributes or {},
            )
        )

    def bearer(
        self,
        tenant: str,
        *roles: Role,
        subject: str = "ada",
        attributes: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        token = self.token(tenant, *roles, subject=subject, attributes=attributes)
        return {"Authorization": f"Bearer {token}"}

    @contextmanager
    def instead(self, **parts: object) -> Iterator[None]:
        """For a while, other parts than the house's own."""
        own = {name: getattr(self.app.state, name) for name in parts}
        try:
            for name, part in parts.items():
                setattr(self.app.state, name, part)
            yield
        finally:
            for name, part in own.items():
                setattr(self.app.state, name, part)

    def document_id(self, uri: str) -> str:
        return next(one.document_id for one in self.assembly.catalog.newest() if one.uri == uri)

    def passage_id(self, uri: str) -> str:
        document = self.document_id(uri)
        version = self.assembly.catalog.history(document)[-1].version
        return self.assembly.catalog.chunks_of(document, version)[0].id


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    write(folder / "corpus", DOCUMENTS | {"corpus.yaml": MANIFEST})
    write(folder / "bolt", OPERATIONS)
    calendar = Calendar()
    settings = Settings(
        _env_file=None, data_dir=folder / "data", allowed_origins="https://portal.example"
    )
    assembly = Assembly(settings, calendar)
    run = IngestRun(workers=1)
    assembly.pipeline.run(discover([folder / "corpus"], IngestOptions()), run)
    assembly.pipeline.run(discover([folder / "bolt"], IngestOptions(tenant="bolt")), run)
    calendar.now += timedelta(days=1)
    changed = "# Refund policy\n\nRefunds are paid within ten days.\n"
    write(folder / "corpus", {"policies/refunds.md": changed})
    assembly.pipeline.run(discover([folder / "corpus"], IngestOptions()), run)
    app = application(settings, lambda: assembly)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield House(app=app, client=client, assembly=assembly, calendar=calendar)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """An application that is open already, behind a real server on this machine; its address."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def served(house: House) -> Iterator[str]:
    """The same application behind a real server on this machine; its address."""
    with serving(house.app) as address:
        yield address
