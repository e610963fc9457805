"""What is an address by itself: a street with its number, a box, a code that the text calls one.

Streets are written in many languages: with a word behind the name (Mill Road), before it (rue de
Lyon) or grown together with it (Bahnhofstraße). Everyday words count only beside a number.
"""

from presidio_analyzer import Pattern, PatternRecognizer

from governance.redaction.phrases import either, either_capital

NUMBER = r"\d{1,5}[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?"
"""A house number."""

CAPITAL = r"\p{Lu}[\p{L}\p{M}∆'\u2019.-]{0,40}+"
SMALL = (
    r"(?:de|de la|de los|de las|du|des|d'|l'|la|le|les|of|the|and|y|e|et|do|dos|da|das|di|del|"
    r"della|delle|dei|degli|dello|van|van de|van den|van der|den|der|het|ten|ter|von|zum|zur|am|"
    r"an|im|in|auf|bei|op|aan|'t|og|på|nad|u|pri|i)"
)
NAME = rf"{CAPITAL}(?:[ ](?:{SMALL}[ ])?(?:{CAPITAL}|\d{{1,2}}\.)){{0,6}}"
SHORT_NAME = rf"{CAPITAL}(?:[ ](?:{SMALL}[ ])?{CAPITAL}){{0,3}}"
SCORE = 0.66

_START = r"(?<![\w.,:/#@-])"
_LEAD = rf"(?:{NUMBER}[ ,]+){{0,2}}"
_ONE = rf"(?:{NUMBER}[ ,]+){{1,2}}"
_TAIL = (
    rf"(?:,?[ ](?:{NUMBER}\b\.?|North|South|East|West|N|S|E|W|NE|NW|SE|SW)(?![\w@]|[.,]\d)){{0,3}}"
)
_LAST = rf",?[ ]{NUMBER}\b\.?(?![\w/%€$@-]|[.,:]\d)"
_MILITARY = r"(?:apo|fpo|dpo)[ ]a[aep][ ]\d{5}"
_CODED = r"(?:\d{4}-\d{3}|\d{5}-\d{3,4})(?![\w/-]|[.,]\d)"
_COUNTRY = r"(?:D|A|CH|F|I|E|B|NL|DK|S|N|FI|PL|CZ|L|DE|AT|FR|IT|ES|BE|SE|NO)-\d{4,5}"

OF_A_FOREIGN_NAME = "a foreign name"
"""Patterns of this name count only where the name is no English."""


def street_recognizer(flags: int) -> PatternRecognizer:
    """Return presidio's recogniser of everything in this room."""
    return PatternRecognizer(
        supported_entity="ADDRESS",
        patterns=[
            Pattern(f"Street {number}", text, SCORE)
            for number, text in enumerate((*_streets(), *_others()))
        ],
        global_regex_flags=flags,
    )


def foreign_streets(flags: int) -> PatternRecognizer:
    """Return one for streets that are such only where no word of the name is English."""
    weak = either_capital("streets: words behind a foreign name with a number")
    return PatternRecognizer(
        supported_entity="ADDRESS",
        patterns=[
            Pattern("Number, name and word", rf"{_START}{_ONE}{NAME}[ ]{weak}\b\.?{_TAIL}", SCORE)
        ],
        global_regex_flags=flags,
    )


def _streets() -> tuple[str, ...]:
    strong = "streets: words behind a name"
    behind = either_capital(strong)
    behind_number = either_capital(strong, "streets: words behind a name with a number")
    foreign = either("streets: foreign words behind a name, before a number")
    before = either("streets: words before a name")
    before_capital = either_capital("streets: words before a name and a number")
    after_number = either("streets: words behind a number, before a name")
    ending = either("streets: endings")
    ending_number = either("streets: endings before a number")
    return (
        # Mill Road; but "Mill Road Bakery" is a shop
        rf"{_START}{NAME}[ ]{behind}\b\.?(?![ ](?!St(?:reet)?\b)\p{{Lu}}){_TAIL}",
        rf"{_START}{_ONE}{NAME}[ ]{behind_number}(?!\w)\.?{_TAIL}",
        rf"(?i){_START}{_ONE}(?:[\p{{L}}'.-]{{1,40}}[ ]){{1,3}}{either(strong)}\b\.?{_TAIL}",
        rf"{_START}{_LEAD}{NAME}(?:[ ]\p{{Ll}}+)?[ ]{foreign}(?!\w){_LAST}",
        rf"{_START}{_LEAD}{before}[ ]?(?:{SMALL}[ ]){{0,2}}(?:\p{{Ll}}+[ ])?{NAME}{_TAIL}",
        rf"{_START}{_ONE}{before}[ ](?:{SMALL}[ ]){{0,2}}\p{{L}}+",
        rf"{_START}{_ONE}{after_number}[ ](?:{SMALL}[ ]){{0,2}}{NAME}{_TAIL}",
        rf"{_START}{_LEAD}{before_capital}[ ](?:{SMALL}[ ]){{0,2}}{NAME}{_LAST}",
        rf"{_START}{_LEAD}(?:{CAPITAL}[ ])?\p{{Lu}}[\p{{L}}-]{{1,40}}?{ending}\b{_TAIL}",
        rf"{_START}{_LEAD}(?:{CAPITAL}[ ])?\p{{Lu}}\p{{L}}{{2,40}}?{ending_number}\.?{_LAST}",
        (
            rf"(?i:\b(?:corner|intersection) of[ ]){_LEAD}(?:\p{{L}}+[ ]){{0,2}}?{NAME}"
            rf"(?:[ ]\p{{L}}+)?(?:[ ]{NUMBER})?\.?[ ](?:and|&)[ ](?:{NUMBER}[ ]|\p{{L}}+[ ])?"
            rf"{NAME}(?:[ ]{NUMBER})?"
        ),
    )


def _others() -> tuple[str, ...]:
    codes, boxes = either("post codes"), either("boxes")
    ends = r"(?=[ ]?(?:[,.;)\n]|$))"
    called = r"(?:[ \t]*(?:is|was|ist|:|=|#))*[ \t]*"
    return (
        rf"(?<![\w-])(?:\d{{1,5}}[ ,]+)?{boxes}[ :#]{{1,2}}\d{{1,6}}\b",
        rf"(?i)\b(?:psc|cmr|unit)[ ]\d{{3,5}},?[ ]box[ ]\d{{1,5}}(?:[\s,]+{_MILITARY})?",
        rf"(?:\b(?:USN[SV]|USS|USCGC|HMS)[ ]{NAME}[\s,]+)?(?i:\b{_MILITARY})",
        r"(?<![\w-])(?:Apt|Apartment|Appt|Wohnung)\.?[ ]#?\d{1,5}\b",
        r"^[ \t>|*?]*\K(?:Suite|Ste|Unit|Flat)\.?[ ]#?\d{1,5}[ \t]*$",
        rf"(?<!\w){codes}{called}\K(?i:[a-z]{{0,2}}\d[a-z\d]{{1,6}}(?:[ -][a-z\d]{{2,4}})?)\b",
        rf"{SHORT_NAME},[ ][A-Z]{{2}}[ ]\d{{5}}(?:-\d{{4}})?\b",
        rf"\b(?:in|from|near)[ ]\K{NAME},?[ ]{_CODED}",
        # British, as their post writes them
        (
            r"\b(?:GIR[ ]?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPS-UW]|"
            r"[A-HK-Y]\d[ABEHMNPRV-Y])[ ](?!\d[GTM]B)\d[ABD-HJLNP-UW-Z]{2})\b"
        ),
        # Code and town
        rf"(?<![\w-])(?:{_COUNTRY}|(?!19|20)\d{{4}}[ ][A-Z]{{2}})[ ]{SHORT_NAME}{ends}",
        rf"(?:^|[,;][ ])[ \t>]*\K\d{{5}}[ ]{SHORT_NAME}{ends}",
    )
