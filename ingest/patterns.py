"""Path patterns of a manifest: `*` and `?` within one folder, `**` across folders."""

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression for a pattern, to be used with `fullmatch` on a URI.

    Case matters, `/` parts folders, the pattern is taken from the corpus root: `*.md` means the
    files at the root, `**/*.md` those anywhere. `policies/` means `policies/**`. `[ab]` and
    `[!ab]` are sets of characters. Raises ValueError for a pattern that cannot match anything.
    """
    normal = unicodedata.normalize("NFC", pattern).removeprefix("./")
    if normal.endswith("/"):
        normal += "**"
    segments = normal.split("/")
    if not normal or normal.startswith("/") or any(part in {"", ".", ".."} for part in segments):
        raise ValueError(
            "a pattern is a path from the corpus root, such as 'policies/**' or 'faq/*.md'"
        )
    parts: list[str] = []
    for at, segment in enumerate(segments):
        last = at == len(segments) - 1
        if segment == "**":
            # As a last segment it stands for at least one name, before others for any folders.
            parts.append(".+" if last else "(?:[^/]+/)*")
        else:
            parts.append(_segment(segment) + ("" if last else "/"))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a pattern: {error}") from None


def _segment(segment: str) -> str:
    if "**" in segment:
        raise ValueError("'**' stands alone between slashes, such as 'policies/**'")
    parts: list[str] = []
    at = 0
    while at < len(segment):
        character = segment[at]
        close = segment.find("]", at + 2) if character == "[" else -1
        if character == "*":
            parts.append("[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif close > 0:
            content = segment[at + 1 : close]
            negated = content.startswith("!")
            escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", content[1:] if negated else content)
            parts.append(f"[^/{escaped}]" if negated else f"[{escaped}]")
            at = close
        else:
            parts.append(re.escape(character))
        at += 1
    return "".join(parts)
