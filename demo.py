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
    ("Acme, a gold partner in EMEA", "What does ERR-6301 mean?", ACME),
    ("Acme", "How do I connect a Velora shop?", ACME),
    ("Acme", "How long are masked copies of production kept?", ACME),
    ("Acme", "What discount do gold partners get on subscriptions?", ACME),
    ("Birchwood, a silver partner in AMER", "What penalty was agreed with Cobalt?", BIRCHWOOD),
    ("Northstar's channel manager", "When is the brief of a business review sent?", STAFF),
    ("Acme", "What will Order Hub cost in 2031?", ACME),
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
        "  Your own folder:           .venv/bin/partner-copilot ingest FOLDER --tenant YOU "
        "--approval approved\n"
        "  Chat over HTTP:            make serve, and in another terminal\n"
        "      TOKEN=$(.venv/bin/partner-copilot token --tenant acme --role partner_consultant)\n"
        '      curl -N http://127.0.0.1:8000/v1/ask/stream -H "Authorization: Bearer $TOKEN" \\\n'
        "           -H 'content-type: application/json' -d '{\"question\": "
        '"What does ERR-6301 mean?"}\''
    )
    return 0


def heading(text: str) -> None:
    """A line that stands out, where the terminal can."""
    bold, plain = (
        ("\033[1m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")
    )
    print(f"\n{bold}── {text} {'─' * max(0, 84 - len(text))}{plain}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
