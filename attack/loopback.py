"""The attacked house behind a real HTTP server on this machine, in this process."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from attack.house import Door

_START_SECONDS = 30.0


@contextmanager
def listening(door: Door) -> Iterator[str]:
    """Serve a house that is open already, for the length of the block; its address."""
    # Whoever opened the house has started it: the server has nothing to start.
    config = uvicorn.Config(door.app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            _wait(server)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _wait(server: uvicorn.Server) -> None:
    end = time.monotonic() + _START_SECONDS
    while not server.started:
        if time.monotonic() > end:
            message = f"the server did not start within {_START_SECONDS:.0f} s"
            raise RuntimeError(message)
        time.sleep(0.01)
