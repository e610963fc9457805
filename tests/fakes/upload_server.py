"""A house over HTTP that takes uploads, in this process or in one that a test starts and kills."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2]))

from api import application
from foundation.punctual_http import server_config
from governance.identity import TokenRequest
from governance.principal import Role
from tests.fakes.small_house import OldModel, SmallHouse
from tests.fakes.waiting import wait_until

POLICY = Path(__file__).parents[2] / "governance" / "policy.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A house and its address."""

    house: SmallHouse
    address: str

    def bearer(self, tenant: str, *roles: Role, subject: str = "ada") -> dict[str, str]:
        """What somebody sends to say who they are."""
        return bearer(self.house, tenant, *roles, subject=subject)


def bearer(house: SmallHouse, tenant: str, *roles: Role, subject: str = "ada") -> dict[str, str]:
    """The header of a token for somebody."""
    request = TokenRequest(tenant=tenant, roles=frozenset(roles), subject=subject)
    return {"Authorization": f"Bearer {house.tokens.issue(request)}"}


@contextmanager
def served(folder: Path, policy: str = "", model: OldModel | None = None) -> Iterator[Served]:
    """A house behind a real server. `policy` is the text of a policy.yaml."""
    house = SmallHouse(folder, model)
    if policy:
        path = folder / "policy.yaml"
        path.write_text(policy)
        house.settings = house.settings.model_copy(update={"policy_file": path})
    server = uvicorn.Server(server_config(application(house.settings, lambda: house)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started or not thread.is_alive())
            yield Served(house=house, address=f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    # Started by tests that kill it: the folder, and seconds that each batch takes to embed.
    seconds = float(sys.argv[2])
    with served(Path(sys.argv[1]), model=OldModel(lambda _: time.sleep(seconds))) as opened:
        made = opened.bearer("northstar", Role.CONTENT_OWNER, subject="kim")
        print(opened.address, made["Authorization"], sep="|", flush=True)
        time.sleep(600)
