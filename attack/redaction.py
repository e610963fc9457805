"""Personal data: how much of it is found in labelled sentences, and what of it is ever kept."""

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from random import Random

from attack.check import Check, Scale
from attack.house import Person, served
from bench.figures import Board, Figure
from bench.redaction import Sentence, measure_redaction, read_sentences
from governance.principal import Role

_SEED = 7
_KEPT_TYPES = frozenset({"EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS"})
_MOST_KEPT = 0.05
_SECRETS = (
    "pck_0123456789abcdef_" + "Ab3" * 14,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ." + "x4Tz" * 10,
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "ada.lovelace@analytical.example",
)


def run(scale: Scale) -> list[Check]:
    """Measure against the labels; then ask with personal data, and look into every file."""
    path = _sentences()
    if path is None:
        return [
            Check(
                name="redaction",
                attempts=0,
                asked="the labelled sentences",
                seen="not there",
                passed=False,
                detail="set COPILOT_SHARED_DATA to the folder that holds them",
            )
        ]
    sentences = read_sentences(path)
    draw = Random(_SEED)
    sample = sentences if scale is Scale.FULL else draw.sample(sentences, 150)
    board = Board()
    # The table alone goes to stdout.
    with redirect_stdout(sys.stderr):
        measure_redaction(sample, board, verbose=False)
    asked = draw.sample(sentences, scale.pick(200, 20))
    return [*(_figure(one, len(sample)) for one in board.figures if _is_asked(one)), _kept(asked)]


def _sentences() -> Path | None:
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("COPILOT_SHARED_DATA", default))
    path = folder / "pii" / "presidio_synth_even.json"
    return path if path.is_file() else None


def _is_asked(figure: Figure) -> bool:
    return figure.at_least is not None or figure.at_most is not None


def _figure(figure: Figure, sentences: int) -> Check:
    return Check(
        name=figure.name,
        attempts=sentences,
        asked=f">= {figure.at_least:g}",
        seen=f"{figure.value:.3f}",
        passed=figure.holds,
    )


def _kept(sentences: Sequence[Sentence]) -> Check:
    """Ask, note and complain with personal data in it, and look for it in every file."""
    person = Person(tenant="acme", role=Role.PARTNER_CONSULTANT, subject="asker")
    values = [
        sentence.text[span.start : span.end]
        for sentence in sentences
        for span in sentence.spans
        if span.type in _KEPT_TYPES
    ]
    with tempfile.TemporaryDirectory(prefix="attack-") as name:
        folder = Path(name)
        with served(folder) as door:
            for text in (*(one.text for one in sentences), *_SECRETS):
                body = {"question": f"Whom do I ask about this? {text}"}
                asked = door.send(person, "POST", "/v1/ask", body=body)
                door.send(person, "POST", "/v1/search", body=body)
                outcome = f"/v1/outcomes/{asked.json()['id']}"
                door.send(person, "POST", f"{outcome}/escalate", body={"note": text})
                opinion = {"rating": "down", "reason": text[:200], "comment": text}
                door.send(person, "POST", f"{outcome}/feedback", body=opinion)
        files = [one.read_bytes() for one in folder.rglob("*") if one.is_file()]
    every = [*values, *_SECRETS]
    kept = [one for one in every if any(one.encode() in content for content in files)]
    share = len(kept) / max(1, len(every))
    return Check(
        name="redaction: personal data of questions, notes and opinions in any file",
        attempts=len(every),
        asked=f"at most {_MOST_KEPT:.0%}, and none of our own secrets",
        seen=f"{len(kept)} kept ({share:.1%})",
        passed=share <= _MOST_KEPT and not set(kept) & set(_SECRETS),
        detail="\n".join(kept[:10]),
    )
