"""Keys, tokens and passwords: by the shapes that issuers give them, and by the words beside."""

import math
import re
from collections import Counter
from collections.abc import Sequence

from presidio_analyzer import Pattern, PatternRecognizer

from governance.redaction.phrases import either, phrases

_SHAPES = (
    # JSON web tokens
    r"\beyJ[\w-]{6,4000}\.[\w-]{4,8000}(?:\.[\w-]{0,4000}){0,3}",
    # Authorization headers
    (
        r"\b(?:bearer|basic|digest|apikey|api-key|token)[ \t]+\K"
        r"(?=[\w.~+/-]{0,4000}\d)[\w.~+/-]{16,4000}={0,2}"
    ),
    # Our own keys, then those of OpenAI, Anthropic and Stripe
    r"\bpck_[\w-]{4,200}",
    r"\b(?:sk|pk|rk)[-_](?:[a-z]{2,8}[-_]){0,3}[\w-]{16,200}",
    # GitHub, GitLab, Hugging Face
    r"\b(?:gh[opsur]_[a-z\d]{16,255}|github_pat_\w{20,255}|glpat-[\w-]{16,64}|hf_[a-z\d]{20,64})",
    # AWS, Google, Slack
    r"\b(?-i:(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{12,20})\b",
    r"\b(?-i:AIza[\w-]{30,40}|ya29\.[\w-]{20,400})",
    r"\bxox[abeoprs](?:-[\w-]{8,250})",
    # npm, PyPI, DigitalOcean, Shopify, webhooks, SendGrid, Twilio
    (
        r"\b(?:npm_[a-z\d]{30,40}|pypi-[\w-]{40,250}|dop_v1_[a-f\d]{40,64}|"
        r"shp(?:at|ca|pa|ss)_[a-f\d]{24,64}|whsec_[\w+/=-]{16,120}|"
        r"SG\.[\w-]{16,64}\.[\w-]{16,64}|AC[a-f\d]{32})\b"
    ),
    (
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,8000}?"
        r"(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
    ),
    # A user and a password, or a key, in an address
    r"\b[a-z][a-z\d+.-]{1,20}://\K[^\s/:@<>]{1,100}:[^\s/@<>]{1,200}(?=@)",
    (
        r"[?&](?:access_token|refresh_token|id_token|token|api_?key|key|sig|signature|secret|"
        r"password|pwd|auth|code|session|client_secret)=\K[^\s&#<>\"']{6,2000}"
    ),
)
_OPAQUE = r"(?<![\w/+.=-])(?=[\w+/=-]{0,200}\d)[\w+/-]{32,400}={0,2}(?![\w/+.])"
_UUID = re.compile(r"[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}", re.IGNORECASE)
_STOPS = ".!?)]}"
_STRONG, _ASSIGNED, _TOLD, _WEAK = 0.97, 0.95, 0.9, 0.7
_VARIED_BITS, _RANDOM_BITS = 2.7, 3.9
_NAMED = re.compile(r"(?:[A-Za-z]+[-_/.])*[A-Za-z]+[-_/.]?\d{1,6}")
_LONG = re.compile(r"[\w+/=-]{20,}")
_NO_STOP = r"(?<![.:])"
_ASSIGNS = r"[\"']?(?:[ \t]*(?:value|no|number|id))?[ \t]*(?::=|=>|[:=])[ \t]*[\"'`]?\K"
_VALUE = r"[^\s\"'`,;<>\ue001]"
_VERB = r"(?:[ \t]+(?:is|was|lautet|ist|es|est|of|->))?[ \t]+[\"'`]?"


class ShapedSecrets(PatternRecognizer):
    """Secrets whose shape alone tells."""

    def __init__(self) -> None:
        patterns = [Pattern("Shape", shape, _STRONG) for shape in _SHAPES]
        super().__init__(supported_entity="SECRET", patterns=patterns)


class AssignedPasswords(PatternRecognizer):
    """What is given as the value of a password."""

    def __init__(self) -> None:
        text = rf"(?<![a-z]){either('passwords')}(?![a-z]){_ASSIGNS}{_VALUE}{{3,400}}{_NO_STOP}"
        patterns = [Pattern("Assigned", text, _ASSIGNED)]
        super().__init__(supported_entity="SECRET", patterns=patterns)
        self._words = frozenset(phrases("no secrets"))

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it is a word of the sentence rather than a value."""
        return _plain(pattern_text).casefold() in self._words


class AssignedKeys(PatternRecognizer):
    """What is given as the value of a key or a token, where it looks like one.

    Keys are of tables, translations and maps too.
    """

    def __init__(self) -> None:
        other = r"(?<!(?:foreign|primary|sort|partition|cache|unique|idempotency|hot|map)[ _-])"
        text = rf"(?<![a-z]){other}{either('keys')}(?![a-z]){_ASSIGNS}{_VALUE}{{6,400}}{_NO_STOP}"
        patterns = [Pattern("Assigned", text, _ASSIGNED)]
        super().__init__(supported_entity="SECRET", patterns=patterns)

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it is a word, a number or a name with one."""
        plain = _plain(pattern_text)
        mixed = any(one.isdigit() for one in plain) and any(one.isalpha() for one in plain)
        return bool(_NAMED.fullmatch(plain)) or not (mixed or _LONG.fullmatch(plain))


class ToldPasswords(PatternRecognizer):
    """What stands behind a word for a password in a sentence, where it is no plain word."""

    def __init__(self) -> None:
        text = rf"(?<![a-z]){either('passwords')}(?![a-z]){_VERB}\K{_VALUE}{{3,400}}{_NO_STOP}"
        super().__init__(supported_entity="SECRET", patterns=[Pattern("Told", text, _TOLD)])

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it reads like a word."""
        return bool(re.fullmatch(r"[A-Za-z]?[a-z]+(?:[-/'][a-z]+)*|\d{1,3}", _plain(pattern_text)))


class ToldKeys(PatternRecognizer):
    """What stands behind a word for a key in a sentence, where nobody would write it by hand."""

    def __init__(self) -> None:
        text = rf"(?<![a-z]){either('keys')}(?![a-z]){_VERB}\K{_VALUE}{{10,400}}{_NO_STOP}"
        super().__init__(supported_entity="SECRET", patterns=[Pattern("Told", text, _TOLD)])

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it reads like words, a number or a product with its version."""
        plain = _plain(pattern_text)
        return (
            not any(one.isdigit() for one in plain)
            or not any(one.isalpha() for one in plain)
            or entropy(plain) < _VARIED_BITS
            or bool(_NAMED.fullmatch(plain))
        )


class OpaqueSecrets(PatternRecognizer):
    """Long strings without a word beside them that nobody would write by hand."""

    def __init__(self) -> None:
        super().__init__(supported_entity="SECRET", patterns=[Pattern("Opaque", _OPAQUE, _WEAK)])

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it is a word chain, a path, a UUID or a checksum rather than random."""
        if _UUID.search(pattern_text) or pattern_text.count("/") > pattern_text.count("+") + 2:
            return True
        mixed = any(one.islower() for one in pattern_text) and any(
            one.isupper() for one in pattern_text
        )
        return not mixed or entropy(pattern_text) < _RANDOM_BITS


def secret_recognizers() -> Sequence[PatternRecognizer]:
    """Return all of this room."""
    return (
        ShapedSecrets(),
        AssignedPasswords(),
        AssignedKeys(),
        ToldPasswords(),
        ToldKeys(),
        OpaqueSecrets(),
    )


def entropy(text: str) -> float:
    """Return Shannon's entropy of the characters, in bits a character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _plain(value: str) -> str:
    return value.rstrip(_STOPS)
