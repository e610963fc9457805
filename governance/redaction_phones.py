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

_CANDIDATE = re.compile(
    r"(?<![\w.+@#/-])(?<!\d[ ,:])(?:\+|00)?[ ]?\(?\d(?:[ \t.()/-]{0,3}\d){5,16}\)?"
    r"(?:[ ]?(?:x|ext\.?|extension|durchwahl|dw|poste)[ .:]{0,2}\d{1,6})?(?![\w@%€$£]|[.,:]\d|-\d)",
    re.IGNORECASE,
)
_WORDS_BEFORE = re.compile(
    r"(?<!\w)(?:phone|telephone|tele?fon|tel|mobile|mobil|cell|cellphone|cellular|handy|fax|call|called|"
    r"calling|ring|dial|reach|text|sms|whatsapp|signal|hotline|landline|desk|office|home|direct|"
    r"extension|registered|answering|messages?|number is|my number|téléphone|tél|portable|appelez|"
    r"teléfono|móvil|llame|llamar|telefono|cellulare|chiamare|telefone|celular|telefoon|mobiel|bel|"
    r"puhelin|puh|telefonní|rufnummer|anrufen|erreichbar|ruf|tfn|tlf|t|m|f|p)\b[^\w\n]{0,3}"
    r"(?:[^\n\d]{0,24}\b(?:on|at|to|is|under|unter|number|nr|no|al|au|op|number:)\b)?[^\w(+]{0,6}$",
    re.IGNORECASE,
)
_WORDS_BEHIND = re.compile(
    r"[ \t,;/(-]{0,3}(?:phone|mobile|cell|fax|office|home|desk|work|direct|tel|landline|whatsapp)\b",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"\b(?:on|at|to|under|unter|au|al|:)[ \t\n]+$|:[ \t\n]*$", re.IGNORECASE)
_OTHER_NUMBER = re.compile(
    r"(?<!\w)(?:order|orders|invoice|ticket|case|po|rma|sku|article|item|error|err|ref|reference|id|version|"
    r"release|serial|ean|gtin|upc|isbn|account|iban|tracking|shipment|parcel|card|build|port|postcode|"
    r"zip|code|article|artikel|bestellung|rechnung|auftrag|commande|facture|ssn|passport|license|"
    r"licence|security)s?(?:[ \t]*(?:number|no|nr|num|id|code|is|#|:|=|\.))*[ \t]*[\"'(#]?$",
    re.IGNORECASE,
)
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
_REACH = 56
_SURE, _LIKELY = 0.8, 0.72
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "IN")
_FEWEST, _MOST = 6, 15
_FEWEST_ABROAD = 8
_FEWEST_ALONE = 9


class PhoneNumbers(PhoneRecognizer):
    """presidio's place in the pipeline, with rules of our own."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Return the numbers with how sure each is."""
        del nlp_artifacts
        return [
            RecognizerResult(entity_type=entities[0], start=start, end=end, score=score)
            for start, end, score in self._found(text)
        ]

    def _found(self, text: str) -> Iterator[tuple[int, int, float]]:
        for match in _CANDIDATE.finditer(text):
            number = match[0]
            start = match.start() + len(number) - len(number.lstrip())
            end = match.end()
            number = text[start:end]
            if number.count("(") < number.count(")"):
                end -= len(number) - number.rindex(")")
                number = text[start:end]
            before = text[max(0, start - _REACH) : start]
            score = _score(number, before, text[end : end + _REACH])
            if score:
                yield start, end, score


def _score(number: str, before: str, behind: str) -> float:
    """Return how surely digits are a telephone number, 0 where they are none."""
    plain = re.split(r"[ ]?(?:x|ext|dw|durchwahl|poste)", number, maxsplit=1, flags=re.IGNORECASE)[
        0
    ]
    digits = re.sub(r"\D", "", plain)
    if not _FEWEST <= len(digits) <= _MOST or _DATE.fullmatch(plain):
        return 0.0
    if plain.startswith(("+", "(+")):
        return _SURE if len(digits) >= _FEWEST_ABROAD else 0.0
    named = bool(_WORDS_BEFORE.search(before) or _WORDS_BEHIND.match(behind))
    if not named and _OTHER_NUMBER.search(before):
        return 0.0
    if named:
        return _SURE
    if any(shape.fullmatch(plain) for shape in _SHAPES) and len(digits) >= _FEWEST_ALONE - 1:
        return _LIKELY
    if plain.startswith("00") and len(digits) > _FEWEST_ALONE:
        return _LIKELY
    if _LOCAL.fullmatch(plain) and _PREPOSITION.search(before):
        return _LIKELY
    if _THOUSANDS.fullmatch(plain):
        return 0.0
    return _LIKELY if digits.startswith("0") and _is_valid(plain, digits) else 0.0


def _is_valid(number: str, digits: str) -> bool:
    """Whether a number is one in some country of those where partners are likely."""
    import phonenumbers

    if not _FEWEST_ALONE < len(digits):
        return False
    for region in _REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
