"""A receiver of webhooks on this machine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Arrived:
    headers: dict[str, str]
    body: bytes


@dataclass
class Inbox:
    """A receiver that answers with the statuses it is given, one after another, then with 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def receiving(answer: Callable[[BaseHTTPRequestHandler], None] | None = None) -> Iterator[Inbox]:
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            inbox.arrived.append(Arrived(headers=headers, body=body))
            inbox.paths.append(self.path)
            if answer is not None:
                answer(self)
                return
            self.send_response(inbox.statuses.pop(0) if inbox.statuses else 204)
            self.send_header("Location", f"{inbox.url}elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            inbox.paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inbox.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
