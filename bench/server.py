"""A running `partner-copilot serve` on the loopback, and a small client for it."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.principal import Principal

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
_START_SECONDS = 120.0
_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the server listens, and its process."""

    port: int
    pid: int

    def resident_megabytes(self) -> float:
        """Resident memory of the process now (Linux)."""
        for line in Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the server said. `body` is the JSON, or None where there was none."""

    status: int
    body: Any


class Client:
    """One keep-alive connection with one token."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: Mapping[str, object]) -> Response:
        """Send one request. A broken connection is opened anew by the next one."""
        try:
            self._connection.request("POST", path, json.dumps(body), self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return Response(status=answer.status, body=json.loads(text) if text else None)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def command(*arguments: str) -> list[str]:
    """The command line of this checkout, run by this interpreter."""
    return [sys.executable, str(ROOT / "cli.py"), *arguments]


def token_for(principal: Principal, data_dir: Path) -> str:
    """A token for somebody, made by the command line."""
    arguments = ["token", "--tenant", principal.tenant, "--subject", principal.subject]
    for role in sorted(principal.roles):
        arguments += ["--role", role.value]
    for name, value in principal.attributes.items():
        arguments += ["--attribute", f"{name}={value}"]
    made = subprocess.run(
        command(*arguments, "--data-dir", str(data_dir)),
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    return made.stdout.strip()


@contextmanager
def served(data_dir: Path, log: Path) -> Iterator[Served]:
    """Run the server on a free port for the length of the block; its stderr goes to `log`."""
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command("serve", "--host", HOST, "--port", str(port), "--data-dir", str(data_dir)),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=_environment(),
        )
        try:
            _wait_until_ready(process, port, log)
            yield Served(port=port, pid=process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            message = f"serve ended with {process.returncode}: {log.read_text('utf-8')[-500:]}"
            raise RuntimeError(message)
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.2)
    message = f"serve was not ready after {_START_SECONDS:.0f} s; see {log}"
    raise RuntimeError(message)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
