"""A judge model behind an OpenAI-compatible endpoint on this machine, that replies by a script."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Script = Callable[[str], str]

_INPUT = re.compile(r"input: (\{.*\})\nOutput:", re.DOTALL)


@dataclass
class JudgeServer:
    """What was asked, and how it is answered. `status` other than 200 refuses."""

    url: str
    script: Script
    status: int = 200
    refusal: str = "not you"
    seconds: float = 0.0
    prompts: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def sensible(prompt: str) -> str:
    """A judge that goes by words: what stands in the context is supported, the rest is not."""
    given = json.loads(_INPUT.findall(prompt)[-1])
    return json.dumps(_reply(prompt, given))


def _reply(prompt: str, given: dict[str, Any]) -> dict[str, Any]:
    if '"title": "StatementGeneratorOutput"' in prompt:
        return {"statements": _sentences(given["answer"])}
    if '"title": "ClaimDecompositionOutput"' in prompt:
        return {"claims": _sentences(given["response"])}
    if '"title": "NLIStatementOutput"' in prompt:
        return {
            "statements": [
                {"statement": one, "reason": "by its words", "verdict": _in(one, given["context"])}
                for one in given["statements"]
            ]
        }
    if '"title": "AnswerRelevanceOutput"' in prompt:
        return {"question": "When do gold partners get a first response?", "noncommittal": 0}
    if '"title": "ContextPrecisionOutput"' in prompt:
        return {"reason": "by its words", "verdict": _in(given["answer"], given["context"])}
    if '"title": "ContextRecallOutput"' in prompt:
        return {
            "classifications": [
                {
                    "statement": one,
                    "reason": "by its words",
                    "attributed": _in(one, given["context"]),
                }
                for one in _sentences(given["answer"])
            ]
        }
    raise AssertionError(f"asked for something unknown: {prompt[:300]}")


def _sentences(text: str) -> list[str]:
    return [one for one in re.split(r"(?<=[.!?])\s+", text.strip()) if one]


def _in(statement: str, context: str) -> int:
    words = re.findall(r"\w+", statement.casefold())
    return int(all(word in re.findall(r"\w+", context.casefold()) for word in words))


@contextmanager
def judge_server(script: Script = sensible) -> Iterator[JudgeServer]:
    """Serve it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = body["messages"][-1]["content"]
            served.prompts.append(prompt)
            served.keys.append(self.headers["Authorization"])
            time.sleep(served.seconds)
            if served.status == 200:
                self._send(200, _completion(body["model"], prompt, served.script(prompt)))
            else:
                self._send(served.status, {"error": {"message": served.refusal}})

        def _send(self, status: int, payload: dict[str, Any]) -> None:
            data = json.dumps(payload).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = JudgeServer(url=f"http://127.0.0.1:{server.server_port}/v1", script=script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _completion(model: str, prompt: str, text: str) -> dict[str, Any]:
    used = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": used | {"total_tokens": sum(used.values())},
    }
