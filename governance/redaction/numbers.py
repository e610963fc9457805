r"""Numbers that a checksum or the words beside them give away: cards, accounts, papers, birthdays.

The recognisers are presidio's, with patterns of ours where its own take product codes for cards
or know one country only. In patterns, `\K` drops what stands in front from what is found.
"""

import re
from collections.abc import Sequence

from presidio_analyzer import Pattern, PatternRecognizer
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, IbanRecognizer

from governance.redaction.phrases import either

_CALLED = rf"(?:[ \t-]*(?:{either('called a number')}(?!\w)|{either('is')}(?!\w)))*"
_OPENS = r"[ \t\n]*[\"'(]?"
# Lengths and first digits as the networks give them out. Those of 12 and 13 digits are as often
# the numbers of goods, so they need a word beside them.
_ISSUED = re.compile(
    r"4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|"
    r"3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:2131|1800)\d{11}|35\d{14}|"
    r"6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}|(?:50|5[6-9]|6[0-9])\d{14,17}"
)
_LARGEST_DIGIT = 9


class CreditCards(CreditCardRecognizer):
    """Numbers that pass the Luhn check and that a network may have given out."""

    PATTERNS = [  # noqa: RUF012 - presidio's own way to declare them
        Pattern("Digits in groups", r"(?<![\w.+-])\d(?:[ -]?\d){13,18}(?![\w-]|[.,]\d)", 0.5)
    ]

    def validate_result(self, pattern_text: str) -> bool:
        """Return whether network and checksum fit."""
        digits = re.sub(r"\D", "", pattern_text)
        return bool(_ISSUED.fullmatch(digits)) and passes_luhn(digits)


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


def named_cards() -> PatternRecognizer:
    """Return one for numbers of a card's length behind a word for cards, mistyped ones too."""
    cards = rf"(?<!\w){either('cards')}(?!\w)"
    digits = r"\d(?:[ -]?\d){11,18}(?![\w-]|[.,]\d)"
    loose = r"(?<!\w)(?:\d{12,13}|\d{15,16}|\d{19})(?![\w-]|[.,]\d)"
    return PatternRecognizer(
        supported_entity="CREDIT_CARD",
        patterns=[
            Pattern("Right behind the word", rf"{cards}{_CALLED}{_OPENS}\K{digits}", 0.9),
            Pattern("Soon behind the word", rf"{cards}[^\n\d]{{0,40}}?\K{loose}", 0.82),
        ],
    )


def named_ibans() -> PatternRecognizer:
    """Return one for what the writer calls an IBAN, mistyped ones too."""
    value = r"[a-z]{2}\d{2}(?:[ -]?[a-z\d]){10,30}(?!\w)"
    return PatternRecognizer(
        supported_entity="IBAN_CODE",
        patterns=[Pattern("Named", rf"(?<!\w)iban(?!\w){_CALLED}{_OPENS}\K{value}", 0.9)],
    )


def named_identifiers() -> PatternRecognizer:
    """Return one for numbers behind the name of a paper, or an account, that is somebody's."""
    papers = rf"(?<!\w){either('papers and accounts')}(?!\w)"
    # At least three digits, in groups or not; a word behind belongs to the sentence.
    value = (
        r"(?=(?:[a-z .-]{0,6}\d){3})[a-z\d](?:[ .-]?[a-z\d]){3,19}?"
        r"(?=[^\w .-]|[ .-]+(?:[a-z]|$)|$)(?<!\d{4}-\d\d-\d\d)"
    )
    return PatternRecognizer(
        supported_entity="IDENTIFIER",
        patterns=[Pattern("Named", rf"{papers}{_CALLED}[ \t]*[\"'(]?\K{value}", 0.88)],
    )


def birth_dates() -> PatternRecognizer:
    """Return one for dates of which the text says that somebody was born then."""
    month = (
        r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|janv|févr|mars|avr|"
        r"juin|juil|août|ene|abr|ago|dic)[a-zéû]*\.?"
    )
    day = r"\d{1,2}(?:st|nd|rd|th|\.)?"
    dates = (
        r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}",
        rf"{day}[ \t](?:of[ \t])?{month},?[ \t]\d{{2,4}}",
        rf"{month}[ \t]{day},?[ \t]\d{{2,4}}",
    )
    words = rf"(?<!\w){either('births')}(?!\w)"
    return PatternRecognizer(
        supported_entity="DATE_OF_BIRTH",
        patterns=[Pattern("Named", rf"{words}[^\n\d]{{0,20}}?\K(?:{'|'.join(dates)})(?!\d)", 0.8)],
    )


def named_numbers() -> Sequence[tuple[str, PatternRecognizer]]:
    """Return the recognisers that go by the words beside, with the kinds that they find."""
    return (
        ("credit_card", named_cards()),
        ("iban", named_ibans()),
        ("identifier", named_identifiers()),
        ("date_of_birth", birth_dates()),
    )


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit checks the others (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - _LARGEST_DIGIT if value > _LARGEST_DIGIT else value
    return total % 10 == 0
