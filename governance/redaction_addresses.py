"""Addresses: streets in many languages, post boxes, and the towns that stand with them.

spaCy's model knows towns and countries but no streets. An address starts from a core, which is a
street with its number, a box or a post code that the text calls one, and grows over the flat, the
town, the state, the post code and the country behind it. A town by itself is nobody's address.
"""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files

import regex
from presidio_analyzer import Pattern, PatternRecognizer

from governance.redaction import PersonalData
from governance.redaction_findings import Finding
from governance.redaction_persons import NamedEntity
from governance.redaction_words import Words, fold, sections

_STREETS = "redaction_streets.txt"
_SCORE = 0.66
_FLAGS = regex.MULTILINE
_NUMBER = r"\d{1,5}[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?"
_CAPITAL = r"\p{Lu}[\p{L}\p{M}∆'’.-]*"
_SMALL = (
    r"(?:de|de la|de los|de las|du|des|d'|l'|la|le|les|of|the|and|y|e|et|do|dos|da|das|di|del|della|"
    r"delle|dei|degli|dello|van|van de|van den|van der|den|der|het|ten|ter|von|zum|zur|am|an|im|in|"
    r"auf|bei|op|aan|'t|og|på|nad|u|pri|i)"
)
_NAME = rf"{_CAPITAL}(?:[ -](?:{_SMALL}[ ])?(?:{_CAPITAL}|\d{{1,2}}\.))*"
_SHORT_NAME = rf"{_CAPITAL}(?:[ -](?:{_SMALL}[ ])?{_CAPITAL}){{0,3}}"
_CUE = re.compile(
    r"(?:\b(?:address(?:es)?(?: (?:is|was|to|with))?|addressed to|adresse|dirección|indirizzo|"
    r"endereço|adres|liv(?:e|es|ed|ing) (?:at|on|in)|resid(?:es|ing) (?:at|on|in)|wohnt? (?:in|an)|"
    r"located (?:at|on|in)|(?:office|restaurant|shop|house|home|station|store)s? (?:is|are)"
    r"(?: located)? (?:at|on|in)|(?:shipp?(?:ed|ing)?|deliver(?:ed|y)?|send|sent|mail(?:ed)?|return|"
    r"move[ds]?|taxi)(?: (?:it|them|this|one|a new one))? to|meet(?: me| you| us)?(?: [a-z]{1,12})? at|"
    r"off at|stop (?:on|at)|side of|corner of|enter on|it is|it's in|here they are|home is)"
    r"[ \t:,]*(?:\d{1,5}[ ,]+)?|address[^\n\w]{0,4}\n[ \t]*)$",
    re.IGNORECASE,
)
_SEPARATOR = r"(?:[ \t]{1,4}|[ \t]*[,;][ \t]*|[ \t]*,?[ \t]*\n{1,2}[ \t>|*?]{0,12}(?:,[ \t]*)?)"
_POSTCODE = (
    r"(?:[A-Z]{1,2}-)?(?:\d{5}-\d{3,4}|\d{4}-\d{3}|\d{3}[ ]\d{2}|\d{4}[ ]?[A-Z]{2}|\d{4,6}|"
    r"[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d)(?![\w/-]|[.,]\d)"
)
_TOWN = regex.compile(
    rf"{_SEPARATOR}(?P<name>{_CAPITAL}(?:[ '-](?:{_SMALL}[ ])?(?:{_CAPITAL}|\([^)\n]{{1,30}}\)))"
    r"{0,4}(?:[ ]\d{1,2}(?!\d))?)",
    _FLAGS,
)
_CODE = regex.compile(rf"{_SEPARATOR}(?P<name>{_POSTCODE})", _FLAGS)
_STATE = regex.compile(rf"{_SEPARATOR}(?P<name>(?:[A-Z]{{2,3}}|nan)(?![\w@]))", _FLAGS)
_MOST_PARTS = 9
_REACH = 60


class Addresses:
    """Finds addresses. Holds its patterns compiled."""

    def __init__(self, words: Words) -> None:
        self._words = words
        lists = {
            name: sorted(found, key=len, reverse=True)
            for name, found in sections(
                files("governance").joinpath(_STREETS).read_text("utf-8")
            ).items()
        }
        self._countries = frozenset(lists["countries"])
        units = "|".join(map(re.escape, lists["units"]))
        self._unit = regex.compile(
            rf"{_SEPARATOR}(?P<name>(?i:(?:{units})\.?[ ]?#?[ ]?\d{{1,5}}[a-z]?\b"
            rf"|p\.?[ ]?o\.?[ ]?box[ ]\d{{1,6}}|box[ ]\d{{1,6}}|#[ ]?\d{{1,5}}\b))",
            _FLAGS,
        )
        self._streets = PatternRecognizer(
            supported_entity="ADDRESS", patterns=_patterns(lists, units), global_regex_flags=_FLAGS
        )
        self._bare = regex.compile(
            rf"(?<![\w.,:/#@-])(?P<first>{_NUMBER}[ ,]+)?(?P<name>{_SHORT_NAME})[ ]"
            rf"(?P<number>{_NUMBER}\.?)(?![\w/%€$@-]|[.,:]\d)",
            _FLAGS,
        )

    def find(self, text: str, shaped: str, entities: Sequence[NamedEntity]) -> list[Finding]:
        """Return the addresses; `shaped` is the text with capitals on its names."""
        places = [one for one in entities if one.label in {"GPE", "LOC", "FAC"}]
        cores = [
            (found.start, found.end)
            for found in self._streets.analyze(shaped, ["ADDRESS"], None)  # type: ignore[arg-type]
        ]
        cores += self._numbered(shaped)
        return [
            Finding(
                kind=PersonalData.ADDRESS,
                start=start,
                end=self._grown(shaped, end, places),
                score=_SCORE,
            )
            for start, end in cores
        ]

    def _numbered(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield names with a house number but no word for a street, where more speaks for one."""
        for match in self._bare.finditer(text):
            names = [fold(one) for one in re.findall(r"[^\W\d_]+", match["name"])]
            first = match["first"] is not None
            unit = self._unit.match(text, match.end()) is not None
            if all(self._words.is_english(one) for one in names) and not (first and unit):
                continue
            told = _CUE.search(text[max(0, match.start() - _REACH) : match.start()])
            if told or unit or (first and ("\n" in text or _is_town_line(text, match.end()))):
                yield match.span()

    def _grown(self, text: str, end: int, places: Sequence[NamedEntity]) -> int:
        """Return where an address ends that has its street before `end`."""
        for _ in range(_MOST_PARTS):
            found = self._unit.match(text, end) or _CODE.match(text, end) or _STATE.match(text, end)
            if found is None:
                found = _TOWN.match(text, end)
                if found is None or not self._is_town(text, end, found, places):
                    return end
            if text[found.end() : found.end() + 1] in {":", "@"}:
                return end
            end = found.end("name")
        return end

    def _is_town(
        self, text: str, end: int, found: "regex.Match[str]", places: Sequence[NamedEntity]
    ) -> bool:
        """Whether capitals behind an address are its town, state or country."""
        name = found["name"]
        words = [fold(one) for one in re.findall(r"[^\W\d_]+", name)]
        if not words or words[0] in self._words.function_words:
            return False
        if words[-1] in self._countries or words[0] in self._countries:
            return True
        start = found.start("name")
        if any(one.start < found.end("name") and start < one.end for one in places):
            return True
        separator = text[end:start]
        if "\n" in separator:
            # A line of its own, but for what else belongs to an address.
            line_end = text.find("\n", found.end())
            rest = text[found.end() : line_end if line_end >= 0 else len(text)]
            return bool(
                re.fullmatch(
                    r"[\s,.?!]*(?:[A-Z]{2,3}\b)?[\s,]*[\d -]*[A-Z]{0,2}[\s,.?!]*(?:(?:after|for|in|and)\b.*)?",
                    rest,
                )
            )
        known = not all(self._words.is_english(one) for one in words)
        return known or "," in separator


def _is_town_line(text: str, end: int) -> bool:
    found = _TOWN.match(text, end) or _CODE.match(text, end)
    return found is not None and bool(set(text[end : found.start("name")]) & {"\n", ","})


def _patterns(lists: dict[str, list[str]], units: str) -> list[Pattern]:
    def either(name: str) -> str:
        return "|".join(regex.escape(one) for one in lists[name])

    def capital(name: str) -> str:
        return "|".join(regex.escape(one[0].upper() + one[1:]) for one in lists[name])

    start = r"(?<![\w.,:/#@-])"
    lead = rf"(?:{_NUMBER}[ ,]+){{0,2}}"
    one = rf"(?:{_NUMBER}[ ,]+){{1,2}}"
    tail = rf"(?:,?[ ](?:{_NUMBER}\b\.?|North|South|East|West|N|S|E|W|NE|NW|SE|SW)(?![\w@]))*"
    behind, behind_number = (
        "words behind a name, number or not",
        "words behind a name with a number",
    )
    before, before_number = (
        "words before a name, number or not",
        "words before a name with a number",
    )
    ending, ending_number = (
        "endings of a street's name, number or not", "endings of a street's name with a number",
    )  # fmt: skip
    state = r"(?:A[AEP])"
    texts = {
        "Name and street": rf"{start}{_NAME}[ ](?:{capital(behind)})\b\.?(?![ ](?!(?:St|Street)\b)\p{{Lu}}){tail}",
        "Number, name and street":
            rf"{start}{one}{_NAME}[ ](?:{capital(behind)}|{capital(behind_number)})\b\.?{tail}",
        "Number and street in small letters":
            rf"(?i){start}{one}(?:[\p{{L}}'.-]+[ ]){{1,3}}(?:{either(behind)}|ave|rd|st)\b\.?{tail}",
        "Name, street and number":
            rf"{start}{lead}{_NAME}(?:[ ]\p{{Ll}}+)?[ ](?i:{either(behind_number)})\b\.?[ ]?,?[ ]{_NUMBER}\b\.?",
        "Street and name": rf"{start}{lead}(?i:{either(before)})[ ]?(?:{_SMALL}[ ])*(?:\p{{Ll}}+[ ])?{_NAME}{tail}",
        "Number, street and name":
            rf"{start}{one}(?i:{either(before_number)})[ ](?:{_SMALL}[ ])*(?:\p{{L}}+|{_NAME}){tail}",
        "Street, name and number":
            rf"{start}(?:{capital(before_number)})[ ](?:{_SMALL}[ ])*{_NAME},?[ ]{_NUMBER}\b\.?",
        "One word":
            rf"{start}{lead}(?:{_CAPITAL}[ ])?\p{{Lu}}[\p{{L}}-]+(?:{either(ending)})\b{tail}",
        "One word and number":
            rf"{start}{lead}(?:{_CAPITAL}[ ])?\p{{Lu}}\p{{L}}{{2,}}(?:{either(ending_number)})\.?[ ]{_NUMBER}\b",
        "Corner": rf"(?i:\b(?:corner|intersection) of[ ]){lead}(?:{_NAME}|\p{{L}}+[ ]{_NAME})(?:[ ]{_NUMBER})?\.?"
            rf"[ ](?:and|&)[ ](?:{_NUMBER}[ ]|\p{{L}}+[ ])?{_NAME}(?:[ ]{_NUMBER})?",
        "Box": r"(?i)(?<![\w-])(?:\d{1,5}[ ,]+)?(?:p\.?[ ]?o\.?[ ]?box|post(?:al)?(?: office)? box|postfach|"
            r"boîte postale|b\.?p\.?|apartado(?: de correos)?|casella postale|postbus|postboks|"
            r"skrytka pocztowa)[ :#]{1,2}\d{1,6}\b",
        "Military box": r"(?i)\b(?:psc|cmr|unit)[ ]\d{3,5},?[ ]box[ ]\d{1,5}(?:[\s,]+(?:apo|fpo|dpo)[ ]"
            rf"{state}[ ]\d{{5}})?",
        "Military": rf"(?:\b(?:USN[SV]|USS|USCGC|HMS)[ ]{_NAME}[\s,]+)?(?i:\b(?:apo|fpo|dpo)[ ]{state}[ ]\d{{5}})",
        "Flat": rf"(?<![\w-])(?:Apt|Apartment|Suite|Ste|Appt|Wohnung)\.?[ ]#?\d{{1,5}}\b",
        "Post code": r"(?i)(?<!\w)(?:zip[ -]?code|zip|post[ -]?code|postal[ -]?code|plz|postleitzahl|code postal|"
            r"código postal|cep|psč|irányítószám|postnummer|postcode)(?:[ \t]*(?:is|was|:|=|#|ist))*[ \t]*"
            r"\K[a-z]{0,2}\d[a-z\d]{1,6}(?:[ -][a-z\d]{2,4})?\b",
        "City, state and code": rf"{_SHORT_NAME},[ ][A-Z]{{2}}[ ]\d{{5}}(?:-\d{{4}})?\b",
        "Town and code": rf"\b(?:in|from|near)[ ]\K{_NAME},?[ ](?:\d{{4}}-\d{{3}}|\d{{5}}-\d{{3}}|\d{{4,5}}|\d{{3}}[ ]\d\d)\b(?![\w/-]|[.,]\d)",
        "British post code": r"\b(?:GIR[ ]?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPS-UW]|"
            r"[A-HK-Y]\d[ABEHMNPRV-Y])[ ]\d[ABD-HJLNP-UW-Z]{2})\b",
        "Code and town": rf"(?<![\w-])(?:(?:D|A|CH|F|I|E|B|NL|DK|S|N|FI|PL|CZ|L|DE|AT|FR|IT|ES|BE|SE|NO)-\d{{4,5}}|"
            rf"\d{{4}}[ ][A-Z]{{2}}|\d{{5}})[ ]{_SHORT_NAME}(?=[ ]?(?:[,.;)\n]|$))",
    }  # fmt: skip
    return [Pattern(name, text, _SCORE) for name, text in texts.items()]
