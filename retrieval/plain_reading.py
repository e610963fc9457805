"""How a text reads once its disguises are off: folded letters, and what is encoded or scrambled.

Whoever hides an instruction from a person or a filter writes it in base64, backwards, in digits
for letters, in letters of another script. A reading is only ever compared with patterns; it is
never shown, stored or carried out.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeVar
from urllib.parse import unquote

LONGEST_READ = 20_000
"""Characters of one text that are read for disguises; nobody's question is as long."""

_Encoded = TypeVar("_Encoded")

_FORMAT = "Cf"
# Letters of other scripts that look like Latin ones (Unicode's confusables, the plain ones).
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u0432"
    "\u043a\u043c\u043d\u0442\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5\u03c7\u0131",
    "aeopcyxijshdqwvkmhtaopviktuxi",
)
_OTHER_SCRIPT = re.compile("[\u0370-\u03ff\u0400-\u052f\u0131]")
_LATIN = re.compile("[a-z]")
_SPACE = re.compile(r"\s+")
_MIXED = re.compile(r"(?=\S*[a-z])(?=\S*[013457@$|!])[a-z013457@$|!]{3,}")
_DIGITS_FOR_LETTERS = str.maketrans("013457@$|!", "oieastasli")
_TAGS = range(0xE0020, 0xE007F)

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_BASE32 = re.compile(r"\b[A-Z2-7]{24,}={0,6}")
_HEX = re.compile(r"\b(?:0x)?((?:[0-9a-fA-F]{2}[\s:]?){12,})")
_BINARY = re.compile(r"(?:[01]{8}[\s,]*){6,}")
_DECIMAL = re.compile(r"(?:\b\d{2,3}\b[\s,;]+){8,}\d{2,3}\b")
_ASCII85 = re.compile(r"<~([!-uz\s]{16,})(?:~>|\Z)")
_MORSE = re.compile(r"(?:[.\u00b7\u2022-]{1,6}(?:\s*[/|]\s*|\s+)){8,}[.\u00b7\u2022-]{1,6}")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}){6,}")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2}|[\w.~+-]){3,}")
_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{2,6};){4,}")
_SPELT = re.compile(r"(?:\b\w\b[\s._*-]{1,3}){6,}\w\b")
# The least that any of the encodings needs; apart, because each is found missing sooner.
_ENCODED = tuple(
    re.compile(pattern)
    for pattern in (
        r"[A-Za-z0-9+/_-]{20}", r"\b[01]{8}", r"(?:\b[0-9a-fA-F]{2,3}[\s:,;]+){6}", r"<~",
        r"\\[ux][0-9a-fA-F]{2}", r"%[0-9a-fA-F]{2}", r"&#", r"(?:[.\u00b7\u2022-]{1,6}[\s/|]+){8}",
    )
)  # fmt: skip
_MORSE_LETTERS = dict(
    zip(
        (
            ".-",
            "-...",
            "-.-.",
            "-..",
            ".",
            "..-.",
            "--.",
            "....",
            "..",
            ".---",
            "-.-",
            ".-..",
            "--",
            "-.",
            "---",
            ".--.",
            "--.-",
            ".-.",
            "...",
            "-",
            "..-",
            "...-",
            ".--",
            "-..-",
            "-.--",
            "--..",
        ),
        "abcdefghijklmnopqrstuvwxyz",
        strict=True,
    )
)
# What turns up in a scrambled text where an instruction is scrambled, and nowhere else.
_TELLING = (
    "ignor", "disregard", "forget", "previous", "instruc", "system", "prompt", "reveal",
    "anweisung", "vorherig", "precedent", "consigne", "anterior", "istruzion", "override", "rules",
)  # fmt: skip
_TYPED_WRONG = (
    "ignore", "disregard", "forget", "override", "bypass", "reveal", "previous", "prior", "system",
    "instructions", "instruction", "prompt", "guidelines", "restrictions", "everything",
    "unrestricted", "developer",
)  # fmt: skip


def folded(text: str) -> str:
    """Lower case without accents, lookalikes and invisible marks, with single spaces."""
    if not text.isascii():
        text = "".join(chr(ord(one) - 0xE0000) if ord(one) in _TAGS else one for one in text)
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(
            one
            for one in text
            if not unicodedata.combining(one) and unicodedata.category(one) != _FORMAT
        )
        text = text.translate(_PUNCTUATION)
        if _OTHER_SCRIPT.search(text) and _LATIN.search(text):
            text = text.translate(_LOOKALIKES)
    return _SPACE.sub(" ", text.casefold()).strip()


_PUNCTUATION = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
    "\u2011": "-", "\u00ab": '"', "\u00bb": '"',
})  # fmt: skip


def decoded(text: str) -> Iterator[str]:
    """What an encoding hides in a text, and what it says backwards or in rot13; folded.

    Only readings that differ from the text itself; most texts have none.
    """
    text = text[:LONGEST_READ]
    if any(one.search(text) for one in _ENCODED):
        for read in _DECODERS:
            yield from (folded(found) for found in read(text))
    lower = text.casefold()
    if _has_any(lower, _backwards()):
        yield folded(text[::-1])
        yield " ".join(word[::-1] for word in folded(text).split())
    if _has_any(lower, _rot13()):
        yield codecs.decode(folded(text), "rot13")


def undisguised(text: str) -> Iterator[str]:
    """What a text says beneath its surface: decoded, and with scrambled words put right; folded."""
    yield from decoded(text)
    plain = folded(text[:LONGEST_READ])
    with_letters = _MIXED.sub(lambda found: found.group().translate(_DIGITS_FOR_LETTERS), plain)
    if with_letters != plain:
        yield with_letters
    if _SPELT.search(plain):
        yield _spelt_out(plain)
    mended = " ".join(_mended(word) for word in plain.split())
    if mended != plain:
        yield mended


def _base64(text: str) -> Iterator[str]:
    for found in _BASE64.finditer(text):
        body = found.group().rstrip("=").translate(str.maketrans("-_", "+/"))
        body = body[: len(body) - (len(body) % 4 == 1)]
        yield from _text(base64.b64decode, body + "=" * (-len(body) % 4))


def _base32(text: str) -> Iterator[str]:
    for found in _BASE32.finditer(text):
        body = found.group().rstrip("=")
        body = body[: len(body) - {1: 1, 3: 1, 6: 1}.get(len(body) % 8, 0)]
        yield from _text(base64.b32decode, body + "=" * (-len(body) % 8))


def _hex(text: str) -> Iterator[str]:
    for found in _HEX.finditer(text):
        yield from _text(bytes.fromhex, re.sub(r"[\s:]", "", found.group(1)))


def _binary(text: str) -> Iterator[str]:
    for found in _BINARY.finditer(text):
        bits = re.sub(r"[^01]", "", found.group())
        numbers = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
        yield from _text(bytes, numbers)


def _decimal(text: str) -> Iterator[str]:
    for found in _DECIMAL.finditer(text):
        numbers = [int(number) for number in re.findall(r"\d+", found.group())]
        if max(numbers) < 256:  # noqa: PLR2004 (a byte)
            yield from _text(bytes, numbers)


def _ascii85(text: str) -> Iterator[str]:
    for found in _ASCII85.finditer(text):
        body = re.sub(r"\s", "", found.group(1))
        yield from _text(base64.a85decode, body)


def _morse(text: str) -> Iterator[str]:
    for found in _MORSE.finditer(text):
        words = re.split(r"\s*[/|]\s*|\s{2,}", found.group().replace("\u00b7", "."))
        yield " ".join(
            "".join(_MORSE_LETTERS.get(one, "") for one in word.split()) for word in words
        )


def _escaped(text: str) -> Iterator[str]:
    for found in _ESCAPES.finditer(text):
        numbers = re.findall(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))", found.group())
        yield "".join(chr(int(wide or narrow, 16)) for wide, narrow in numbers)


def _percent(text: str) -> Iterator[str]:
    if text.count("%") > 2:  # noqa: PLR2004 (one or two are a rate)
        for found in _PERCENT.finditer(text):
            read = unquote(found.group().replace("+", " "))
            if read != found.group():
                yield read


def _entities(text: str) -> Iterator[str]:
    if _ENTITIES.search(text):
        yield html.unescape(text)


_DECODERS: tuple[Callable[[str], Iterator[str]], ...] = (
    _base64, _base32, _hex, _binary, _decimal, _ascii85, _morse, _escaped, _percent, _entities,
)  # fmt: skip


def _text(decode: Callable[[_Encoded], bytes], encoded: _Encoded) -> Iterator[str]:
    """The decoded bytes where they are text that a person could have written."""
    try:
        read = decode(encoded).decode("utf-8", errors="ignore")
    except (ValueError, binascii.Error):
        return
    printable = sum(one.isprintable() or one.isspace() for one in read)
    if read and printable == len(read):
        yield read


def _spelt_out(plain: str) -> str:
    """`i g n o r e` as a word."""
    return _SPELT.sub(lambda found: re.sub(r"[\s._*-]", "", found.group()), plain)


def _mended(word: str) -> str:
    """A telling word whose inner letters were shuffled (`ignroe`), put right."""
    bare = word.strip(".,;:!?\"'()")
    if len(bare) < 5 or not bare.isalpha():  # noqa: PLR2004 (too short to be sure)
        return word
    right = _by_letters().get((bare[0], bare[-1], "".join(sorted(bare))), bare)
    return word.replace(bare, right)


@lru_cache(maxsize=1)
def _by_letters() -> dict[tuple[str, str, str], str]:
    return {(word[0], word[-1], "".join(sorted(word))): word for word in _TYPED_WRONG}


@lru_cache(maxsize=1)
def _backwards() -> tuple[str, ...]:
    return tuple(word[::-1] for word in _TELLING)


@lru_cache(maxsize=1)
def _rot13() -> tuple[str, ...]:
    return tuple(codecs.decode(word, "rot13") for word in _TELLING)


def _has_any(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)
