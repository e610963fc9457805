"""What `make demo` shows: the sample corpus, and a handful of questions by different people."""

import os
import sys
from pathlib import Path

import cli

CORPUS = Path(__file__).parent / "corpora" / "sample"
ACME = ("--tenant", "acme", "--attribute", "tier=gold", "--attribute", "region=emea")
BIRCHWOOD = ("--tenant", "birchwood", "--attribute", "tier=silver", "--attribute", "region=amer")
STAFF = ("--tenant", "northstar", "--role", "channel_manager")

QUESTIONS = (
    ("Acme, a gold partner in EMEA", "How fast do you respond to a P1 ticket?", ACME),
    ("Acme", "How do I install the Harbor agent?", ACME),
    ("Acme", "What does ERR-4012 mean?", ACME),
    ("Birchwood, a silver partner in AMER", "What did Acme's tickets say about stock sync?",
     BIRCHWOOD),
    ("Northstar's channel manager", "Which documents does a partner need for certification?", STAFF),
    ("Acme", "What will the list price of Order Hub be in 2031?", ACME),
    ("Acme", "Thanks!", ACME),
)  # fmt: skip


def main() -> int:
    """Ingest, ask, and say how to go on."""
    heading("Reading the sample corpus of a fictional vendor, Northstar Commerce ERP")
    if code := cli.main(["ingest", str(CORPUS)]):
        return code
    for who, question, options in QUESTIONS:
        heading(f"{who} asks: {question}")
        if code := cli.main(["ask", question, *options]):
            return code
    heading("Your turn")
    print(
        "  Ask on the command line:   .venv/bin/partner-copilot ask 'QUESTION' --tenant acme\n"
        "  Serve the HTTP interface:  make serve   (then open http://127.0.0.1:8000/docs)\n"
        "  Your own folder:           .venv/bin/partner-copilot ingest FOLDER --tenant YOU "
        "--approval approved"
    )
    return 0


def heading(text: str) -> None:
    """A line that stands out, where the terminal can."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")
    print(f"\n{bold}── {text} {'─' * max(0, 84 - len(text))}{plain}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
