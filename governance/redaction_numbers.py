"""Numbers that a checksum or the words beside them give away: cards, accounts, papers, birthdays.

The recognisers are presidio's, with patterns of ours where its own take product codes for cards
or know one country only. `\\K` drops the words in front from what is found.
"""

import re

from presidio_analyzer import Pattern, PatternRecognizer
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, IbanRecognizer

_CARD_WORDS = (
    r"(?:cards?|visa|mastercard|master card|amex|american express|maestro|discover|diners|jcb|cc|"
    r"kreditkarten?(?:nummer)?|karte|kartennummer|carte|tarjeta|carta|cartão|kaart)"
)
_NUMBER_WORDS = (
    r"(?:[ \t]*(?:number|numbers|no|nr|num|nummer|numéro|número|id|n°|#|is|are|was|:|=|\.))*"
)
_SURE_CARD = 0.95
_LIKELY_CARD = 0.9
_FEWEST_DIGITS = 12

# Lengths and first digits as the networks give them out. Those of 12 and 13 digits are as often
# the numbers of goods, so they need a word beside them.
_ISSUED = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|"
    r"3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:2131|1800)\d{11}|35\d{14}|"
    r"6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}|(?:50|5[6-9]|6[0-9])\d{14,17}"
)


class CreditCards(CreditCardRecognizer):
    """Numbers that pass the Luhn check and that a network may have given out."""

    PATTERNS = [  # noqa: RUF012 - presidio's own way to declare them
        Pattern("Digits in groups", r"(?<![\w.+-])\d(?:[ -]?\d){13,18}(?![\w-]|[.,]\d)", 0.5)
    ]

    def validate_result(self, pattern_text: str) -> bool:
        """Return whether network and checksum fit."""
        digits = re.sub(r"\D", "", pattern_text)
        return bool(_ISSUED.fullmatch(digits)) and passes_luhn(digits)


class NamedCreditCards(PatternRecognizer):
    """Numbers of a card's length behind a word for cards, mistyped ones too."""

    PATTERNS = [  # noqa: RUF012
        Pattern(
            "Digits behind a word",
            rf"\b{_CARD_WORDS}{_NUMBER_WORDS}[ \t\n]*[\"'(]?\K\d(?:[ -]?\d){{11,18}}(?![\w-]|[.,]\d)",
            _LIKELY_CARD,
        ),
        Pattern(
            "Digits before or behind words",
            rf"\b{_CARD_WORDS}\b[^\n\d]{{0,40}}?\K\b(?:\d{{12,13}}|\d{{15,16}}|\d{{19}})"
            r"(?![\w-]|[.,]\d)",
            0.6,
        ),
    ]

    def __init__(self) -> None:
        super().__init__(supported_entity="CREDIT_CARD", patterns=self.PATTERNS)


class Ibans(IbanRecognizer):
    """International account numbers, in small letters and groups too, by their check digits."""

    def __init__(self) -> None:
        super().__init__(regex_flags=re.DOTALL | re.MULTILINE | re.IGNORECASE)

    def validate_result(self, pattern_text: str) -> bool:
        """Return whether the number is 1 modulo 97 (ISO 7064) once its head stands behind."""
        plain = re.sub(r"[ -]", "", pattern_text).upper()
        if not (plain.isascii() and plain.isalnum()):
            return False
        moved = plain[4:] + plain[:4]
        return int("".join(str(int(one, 36)) for one in moved)) % 97 == 1


class NamedIbans(PatternRecognizer):
    """What the writer calls an IBAN, mistyped ones too."""

    PATTERNS = [  # noqa: RUF012
        Pattern(
            "Behind the word",
            rf"\biban\b{_NUMBER_WORDS}[ \t]*[\"'(]?\K[a-z]{{2}}\d{{2}}(?:[ -]?[a-z\d]){{10,30}}\b",
            0.9,
        )
    ]

    def __init__(self) -> None:
        super().__init__(supported_entity="IBAN_CODE", patterns=self.PATTERNS)


_PAPERS = (
    r"(?:passport|driv(?:er|ers|er's|ing)[ -]?licen[cs]e|social[ -]security|ssn|sin|itin|"
    r"national (?:id|identity|insurance)|identity card|id[ -]card|nino|nhs|"
    r"tax (?:id|identification|file)|taxpayer id|tin|aadhaar|pan card|medicare|"
    r"personalausweis|ausweis|reisepass|führerschein|steuer-?id(?:entifikationsnummer)?|"
    r"sozialversicherung|passeport|permis de conduire|sécurité sociale|pasaporte|dni|nie|nif|curp|"
    r"rfc|cpf|carta d'identità|codice fiscale|patente|paspoort|rijbewijs|bsn|personnummer|cpr|"
    r"pesel|rodné číslo|bank account|account|routing|sort code|konto|bankleitzahl|compte)"
)


class NamedIdentifiers(PatternRecognizer):
    """Numbers behind the name of a paper or an account that identifies a person."""

    PATTERNS = [  # noqa: RUF012
        Pattern(
            "Number of a paper",
            rf"\b{_PAPERS}\b(?:[ -]?(?:number|no|nr|num|nummer|numéro|número|numero|code|#|n°)\b\.?)*"
            r"(?:[ \t]*(?:is|was|are|:|=|#|ist|lautet))*[ \t]*[\"'(]?"
            r"\K(?=(?:[a-z .-]{0,6}\d){3})[a-z\d](?:[ .-]?[a-z\d]){3,19}?(?=[^\w .-]|[ .-]+(?:[a-z]|$)|$)"
            r"(?<!\d{4}-\d\d-\d\d)",
            0.88,
        )
    ]

    def __init__(self) -> None:
        super().__init__(supported_entity="IDENTIFIER", patterns=self.PATTERNS)


_MONTH = (
    r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|janv|févr|mars|avr|juin|"
    r"juil|août|ene|abr|ago|dic)[a-zéû]*\.?"
)
_DATE = (
    rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th|\.)?[ \t](?:of[ \t])?{_MONTH}"
    rf",?[ \t]\d{{2,4}}|{_MONTH}[ \t]\d{{1,2}}(?:st|nd|rd|th)?,?[ \t]\d{{2,4}})"
)


class BirthDates(PatternRecognizer):
    """Dates of which the text says that somebody was born then."""

    PATTERNS = [  # noqa: RUF012
        Pattern(
            "Behind the word",
            r"\b(?:born|birth|birthday|birthdate|dob|d\.o\.b\.|geb\.|geboren|geburtsdatum|"
            r"geburtstag|née?|naissance|naci(?:do|da|ó)|nacimiento|nat[oa]|nascita|geboortedatum)"
            rf"(?![a-z])[^\n\d]{{0,20}}?\K{_DATE}(?!\d)",
            0.8,
        )
    ]

    def __init__(self) -> None:
        super().__init__(supported_entity="DATE_OF_BIRTH", patterns=self.PATTERNS)


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit checks the others (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
