"""What a chat model is told: a versioned text, with question and evidence put in as data.

Each prompt has a boundary of its own that no document can know. What looks like markup of a
prompt, a conversation or a model's own control words is made harmless first, in documents and in
the question. Nothing else goes in: no settings, no name of the asker, no other tenant's text.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from copilot.budget import tokens_of
from copilot.evidence import Evidence
from copilot.model_reply import ModelUnavailableError, Prompt, Trouble
from retrieval.instructions import blanked

ANSWER = "answer-v1"
_PARTED = "\n===\n"
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_BOUNDARY_BYTES = 8
# `<` that may open a tag or a model's control word (`<|im_start|>`, `<start_of_turn>`, `</s>`).
_TAG = re.compile(r"<(?=[/|!?_\w])")
_CONTROL = re.compile(r"\[(?=/?(?:INST|SYS|TOOL|AVAILABLE_TOOLS|IMG)\b)", re.IGNORECASE)
# Lines that look like ours, and headings of turns (`### System:`, `Assistant:`).
_OURS = re.compile(r"={3,}\s?[0-9a-f]{6,}")
_TURN = re.compile(
    r"^(?P<lead>(?:[^\S\n]|[#*>])*)(?P<who>system|assistant|user|human|model|developer|tool)(?=\s*:)",
    re.IGNORECASE | re.MULTILINE,
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_GAP = re.compile(r"[ \t]{3,}")
_LINES = re.compile(r"\n{3,}")
OPENING = "\u2039"
"""What stands for a `<` that was made harmless."""


def harmless(text: str) -> str:
    """The text without anything that a model or its server could take for markup of its own."""
    text = _UNSEEN.sub("", text)
    text = _CONTROL.sub("(", _TAG.sub(OPENING, text))
    text = _OURS.sub("---", text)
    text = _TURN.sub(lambda found: f"{found['lead']}{found['who']} ", text)
    return _LINES.sub("\n\n", _GAP.sub("  ", text)).strip()


def answer_prompt(
    question: str, evidence: Sequence[Evidence], *, most_tokens: int, version: str = ANSWER
) -> tuple[Prompt, tuple[Evidence, ...]]:
    """The prompt, and the evidence that is in it: the first ones, as far as the tokens go.

    Raises `ModelUnavailableError` (over budget) where not even one piece of evidence fits.
    """
    system, user = _parts_of(version)
    boundary = f"==={secrets.token_hex(_BOUNDARY_BYTES)}"
    said = harmless(question)
    left = most_tokens - tokens_of(f"{system}{user}{said}{boundary * 4}")
    sources: list[str] = []
    shown: list[Evidence] = []
    for one in evidence:
        source = f"{boundary} source [{one.key}] {_place(one)}\n{harmless(one.quote)}"
        left -= tokens_of(source) + 1
        if left < 0:
            break
        sources.append(source)
        shown.append(one)
    if not shown:
        raise ModelUnavailableError(Trouble.OVER_BUDGET)
    places = {"boundary": boundary, "question": said, "sources": "\n".join(sources)}
    filled = Prompt(system=_filled(system, places), user=_filled(user, places), version=version)
    return filled, tuple(shown)


def _place(evidence: Evidence) -> str:
    """Title and heading, as far as they tell something and command nothing; one line."""
    passage = evidence.passage
    names = (passage.title, *passage.chunk.locator.heading_path)
    told = " > ".join(dict.fromkeys(name for name in names if name))
    return " ".join(harmless(blanked(told)).split())


def _filled(text: str, places: Mapping[str, str]) -> str:
    # In one go: what is put in is not looked at again.
    return _PLACE.sub(lambda found: places[found[1]], text)


@lru_cache(maxsize=8)
def _parts_of(version: str) -> tuple[str, str]:
    text = files("copilot").joinpath("prompts", f"{version}.md").read_text("utf-8")
    system, _, user = text.partition(_PARTED)
    return system.strip(), user.strip()
