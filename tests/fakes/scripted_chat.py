"""A chat model behind OpenAI's interface on this machine that does what it is told to.

`python -m tests.fakes.scripted_chat` serves true answers on port 8081 until it is stopped.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FOREVER = 3600.0


@dataclass(frozen=True)
class Say:
    """The next words of a reply."""

    text: str


@dataclass(frozen=True)
class Wait:
    """Silence, at most until the server is closed or the test lets it go on."""

    seconds: float


@dataclass(frozen=True)
class Raw:
    """Bytes as they are, in the place of an event."""

    data: bytes


@dataclass(frozen=True)
class CallTool:
    """A call of a tool that nobody offered."""

    name: str = "send_mail"


@dataclass(frozen=True)
class Cut:
    """The connection ends, without a word about why."""


@dataclass(frozen=True)
class Endless:
    """The same words again and again, until nobody listens."""

    text: str


@dataclass(frozen=True)
class Drip:
    """Comments that keep the connection alive and say nothing, until nobody listens."""

    every_seconds: float


@dataclass(frozen=True)
class Refuse:
    """No reply but a status."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "refused"


@dataclass(frozen=True)
class End:
    """The reply ends in order, for a reason."""

    reason: str = "stop"


Step = Say | Wait | Raw | CallTool | Cut | Endless | Drip | Refuse | End
Script = Sequence[Step]


def says(text: str, pieces: int = 4) -> Script:
    """A whole reply in pieces of a few characters."""
    return [*(Say(text[at : at + pieces]) for at in range(0, len(text), pieces)), End()]


class ScriptedChat:
    """What the server did. `scripts` are used up one a request, the last one stays."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts: list[Script] = list(scripts)
        self.answer: Callable[[dict[str, Any]], Script] | None = None
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.sent: list[str] = []
        self.go_on = threading.Event()
        self.url = ""

    @property
    def prompts(self) -> list[str]:
        """All that was said to it, one text a request."""
        return ["\n".join(str(m["content"]) for m in one["messages"]) for one in self.requests]

    def next_script(self, body: dict[str, Any]) -> Script:
        if self.answer is not None:
            return self.answer(body)
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]


@contextmanager
def scripted_chat(*scripts: Script, port: int = 0) -> Iterator[ScriptedChat]:
    chat = ScriptedChat(*(scripts or (says("NOTHING"),)))
    server = _Server(chat, port)
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield chat
    finally:
        chat.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.chat.paths.append(self.path)
        self._refuse(Refuse(404))

    def do_POST(self) -> None:
        self.server.chat.paths.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.chat.requests.append(body)
        self.server.chat.headers.append(
            {name.casefold(): value for name, value in self.headers.items()}
        )
        steps = list(self.server.chat.next_script(body))
        try:
            if not body.get("stream"):
                self._whole(steps)
            elif isinstance(steps[0], Refuse):
                self._refuse(steps[0])
            else:
                self._stream(steps)
        except OSError:
            # Nobody listens any more.
            self.close_connection = True

    def _whole(self, steps: Sequence[Step]) -> None:
        if isinstance(steps[0], Refuse):
            self._refuse(steps[0])
            return
        text = "".join(one.text for one in steps if isinstance(one, Say))
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        told = {
            "id": "c",
            "object": "self.server.chat.completion",
            "created": 0,
            "model": "scripted",
        }
        self._json(200, told | {"choices": [choice], "usage": usage}, {})

    def _refuse(self, step: Refuse) -> None:
        error = {"error": {"message": step.message, "type": "scripted", "code": None}}
        self._json(step.status, error, step.headers)

    def _json(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers | {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, steps: Sequence[Step]) -> None:  # noqa: C901 - a case a kind of step
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for step in steps:
            match step:
                case Say():
                    # Before it goes out: who has read it may look here at once.
                    self.server.chat.sent.append(step.text)
                    self._delta({"content": step.text})
                case Wait():
                    self.server.chat.go_on.wait(step.seconds)
                case Raw():
                    self._chunk(step.data)
                case CallTool():
                    function = {"name": step.name, "arguments": "{}"}
                    call = {"index": 0, "id": "t", "type": "function", "function": function}
                    self._delta({"tool_calls": [call]})
                case Endless():
                    while not self.server.chat.go_on.is_set():
                        self._delta({"content": step.text})
                        self.server.chat.sent.append(step.text)
                case Drip():
                    while not self.server.chat.go_on.wait(step.every_seconds):
                        self._chunk(b": keep-alive\n\n")
                case Cut():
                    self.close_connection = True
                    self.connection.close()
                    return
                case End():
                    self._delta({}, step.reason)
                    self._chunk(b"data: [DONE]\n\n")
                case Refuse():
                    raise AssertionError
        self._chunk(b"")

    def _delta(self, delta: dict[str, Any], reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        told = {"id": "c", "object": "self.server.chat.completion.chunk", "created": 0}
        event = json.dumps(told | {"model": "scripted", "choices": [choice]})
        self._chunk(f"data: {event}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, chat: ScriptedChat, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.chat = chat


if __name__ == "__main__":
    with scripted_chat(says("First responses are due within two hours [1]."), port=8081) as served:
        print(f"COPILOT_CHAT_MODEL=openai:scripted COPILOT_CHAT_BASE_URL={served.url}", flush=True)
        threading.Event().wait()
