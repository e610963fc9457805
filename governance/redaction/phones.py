"""Telephone numbers, in the many ways in which people write them.

presidio looks for numbers that are valid in one of a few countries. Many are written without
their country, and a wrong digit makes a number no less somebody's; so shape and words decide,
and the phonenumbers library where neither does.
"""

import re
from collections.abc import Iterator

from presidio_analyzer import RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from governance.redaction.phrases import either

_CANDIDATE = re.compile(
    r"(?<![\w.+@#/-])(?<!\d[ ,:])(?:\+|00)?[ ]?\(?\d(?:[ \t.()/-]{0,3}\d){5,16}\)?"
    r"(?:[ ]?(?:x|ext\.?|extension|durchwahl|dw|poste)[ .:]{0,2}\d{1,6})?"
    r"(?![\w@%€$£]|[.,:]\d|-\d)",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"\b(?:on|at|to|under|unter|au|al)[ \t\n]+$", re.IGNORECASE)
_DATE = re.compile(
    r"(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12]\d|3[01])(?:[ T]\d{1,2})?|"
    r"(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|[12]\d|3[01])[-./ ](?:19|20)?\d\d(?:[ T]\d{1,2})?|"
    r"(?:19|20)\d\d[ /-]{1,3}(?:19|20)\d\d|(?:19|20)\d{6}"
)
# Written as telephone numbers are and hardly anything else is.
_SHAPES = (
    re.compile(r"\(?\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4}(?:[ ]?(?:x|ext).*)?", re.IGNORECASE),
    re.compile(r"\(\d{3}\)\d{3}-?\d{4}(?:[ ]?(?:x|ext).*)?", re.IGNORECASE),
    re.compile(r"1[-. ]\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}.*"),
    re.compile(r"\(0?\d{1,4}\)[ -]?\d{2,4}(?:[ -]?\d{2,4}){1,3}"),
    re.compile(r"0\d{1,4}[ /-]\d{2,8}(?:[ -]?\d{2,5}){0,3}"),
    re.compile(r"0\d(?:[ .-]\d\d){4}"),
)
_LOCAL = re.compile(r"\d{3}[ -]\d{4}|\d{4}[ -]\d{4}|\d{2,4}(?:[ -]\d{2,4}){2,4}")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[ .]\d{3})+")
_EXTENSION = re.compile(r"[ ]?(?:x|ext|dw|durchwahl|poste)", re.IGNORECASE)
_REACH = 56
_SURE, _LIKELY = 0.8, 0.72
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "IN")
_FEWEST, _MOST = 6, 15
_FEWEST_ABROAD = 8
_FEWEST_ALONE = 9


class PhoneNumbers(PhoneRecognizer):
    """presidio's place in the pipeline, with rules of our own."""

    def __init__(self) -> None:
        super().__init__()
        self._named = re.compile(
            rf"(?<!\w){either('phones')}\b[^\w\n]{{0,3}}(?:[^\n\d]{{0,24}}"
            r"\b(?:on|at|to|is|under|unter|number|nr|no|al|au|op|number:)\b)?[^\w(+]{0,6}$",
            re.IGNORECASE,
        )
        self._named_behind = re.compile(
            rf"[ \t,;/(-]{{0,3}}{either('phones, behind')}\b", re.IGNORECASE
        )
        self._other = re.compile(
            rf"(?<!\w){either('numbers of other things')}"
            rf"(?:[ \t]*(?:{either('called a number')}|{either('is')}))*[ \t]*[\"'(#]?$",
            re.IGNORECASE,
        )

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,  # noqa: ARG002 - presidio's signature
    ) -> list[RecognizerResult]:
        """Return the numbers with how sure each is."""
        return [
            RecognizerResult(entity_type=entities[0], start=start, end=end, score=score)
            for start, end, score in self._found(text)
        ]

    def _found(self, text: str) -> Iterator[tuple[int, int, float]]:
        for match in _CANDIDATE.finditer(text):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            end = match.end()
            number = text[start:end]
            if number.count("(") < number.count(")"):
                end -= len(number) - number.rindex(")")
                number = text[start:end]
            plain = _EXTENSION.split(number, maxsplit=1)[0]
            digits = re.sub(r"\D", "", plain)
            if not _FEWEST <= len(digits) <= _MOST or _DATE.fullmatch(plain):
                continue
            score = self._score(
                plain, digits, text[max(0, start - _REACH) : start], text[end:][:_REACH]
            )
            if score:
                yield start, end, score

    def _score(self, number: str, digits: str, before: str, behind: str) -> float:
        """Return how surely digits are a telephone number, 0 where they are none."""
        if number.startswith(("+", "(+")):
            return _SURE if len(digits) >= _FEWEST_ABROAD else 0.0
        if self._named.search(before) or self._named_behind.match(behind):
            return _SURE
        if self._other.search(before):
            return 0.0
        likely = (
            (len(digits) >= _FEWEST_ABROAD and any(shape.fullmatch(number) for shape in _SHAPES))
            or (number.startswith("00") and len(digits) > _FEWEST_ALONE)
            or (_LOCAL.fullmatch(number) and _PREPOSITION.search(before))
            or (
                digits.startswith("0")
                and not _THOUSANDS.fullmatch(number)
                and _is_valid(number, digits)
            )
        )
        return _LIKELY if likely else 0.0


def _is_valid(number: str, digits: str) -> bool:
    """Whether a number is one in some country of those where partners are likely."""
    import phonenumbers

    if len(digits) <= _FEWEST_ALONE:
        return False
    for region in _REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
