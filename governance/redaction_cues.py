"""What stands beside a name and tells that it is a person's, or a company's."""

import re

from governance.redaction_words import fold

_REACH = 48
_TITLE = re.compile(
    r"(?:^|[^\w])(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|madam|master|rev|reverend|capt|captain|"
    r"judge|officer|herr|herrn|frau|hr|fr|mme|mlle|monsieur|madame|mademoiselle|señor|señora|"
    r"señorita|sr|sra|srta|don|doña|sig|signor|signora|dott|ing|dhr|mevr|mevrouw|meneer|pan|pani|"
    r"senhor|senhora)\.?\s{1,2}$",
    re.IGNORECASE,
)
_NAME_IS = re.compile(
    r"(?<!company )(?<!product )(?<!file )(?<!shop )(?<!store )(?<!host )(?<!user )(?<!project )"
    r"\b(?:(?:sur|maiden |last |first |full |given |family )?name\b(?:'s| is| was|:|=|\?)*"
    r"|named|nicknamed|(?:call|calls|called) (?:me|him|her)|name's|i am|i'm|ich bin|ich heiße|je suis|"
    r"je m'appelle|me llamo|mi chiamo|mein name ist|heet|heter|jmenuji se)\s*[\s:=?]\s*$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:^|[\n.!?>]\s*)(?:hi|hello|hey|dear|hallo|liebe|lieber|bonjour|salut|hola|ciao|cher|chère|"
    r"beste|thanks|thank you|cheers|(?:kind|best|warm)? ?regards|best|sincerely|yours|mfg|"
    r"viele grüße|gruß|cordialement|saludos|excuse me)[,:]?\s+$",
    re.IGNORECASE,
)
_ENDS_GREETING = re.compile(r"\s*(?:[,.!;:\n]|$| [-\u2013])")
_LABEL = re.compile(
    r"(?:^|\n)[\s>*-]*(?:name|contact|attn|attention|from|to|cc|sender|recipient|requester|author|"
    r"signed|assignee|beneficiary|account holder|holder|customer name|contact person|reporter|"
    r"ansprechpartner(?:in)?|nom|nombre|nome|naam|(?:directed|written|reported|approved|created) by)"
    r"\s*[:=]\s*$",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(?:by|with|to|from|contact|ask|ask for|call|ping|cc|c/o|colleague|manager|boss|agent|"
    r"customer|client|user|employee|engineer|consultant|attn|said|says|told|asked|tell|meet|met|"
    r"know|knows|see|thanks|partner|brother|sister|father|mother|son|daughter|wife|husband|friend|"
    r"guardian|kid|child|account of|under|writer|director|producer|songwriter|actor|player|"
    r"starring|founded by|signed)[,:]?\s+$",
    re.IGNORECASE,
)
_LIVES = re.compile(
    r"['\u2019]s (?:wife|husband|brother|sister|mother|father|son|daughter|colleague|boss|mail|phone|"
    r"number|address)\b|,? (?:lives?|lived|was born|retired|married|is on (?:leave|holiday|vacation))\b",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"['\u2019]?\s*(?:\([^)]{0,30}\)\s*)?,?\s*(?:says?|said|asks?|asked|tells?|told|writes?|wrote|"
    r"called|calls|replied|answered|thinks?|works?|worked|wants?|wanted|has been|is a very|cannot|"
    r"can't|didn't|doesn't|confirmed|reported|reports|opened|and i|speak|spent|moved|shouted)\b",
    re.IGNORECASE,
)
_SPEAKS = re.compile(
    r"(?<=\w):\s?[\"\u201c\u00ab]|, (?:can|could|would|will|please|you)\b", re.IGNORECASE
)
_PLACE = re.compile(r"\b(?:in|at|near|in|nach|aus|à)\s$", re.IGNORECASE)
_COMPANY = re.compile(
    r"(?:,? (?:inc|ltd|llc|llp|plc|corp|gmbh|ag|kg|bv|nv|ab|oy|srl|sa|sas|sarl)\b"
    r"|(?: (?:&|and|und|et|y|e)) (?:sons?|co|söhne|fils|partners?)\b)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"([\w.+-]{2,64})@")


class Cues:
    """Reads the places before and behind a run of words."""

    def before(self, text: str, start: int, end: int) -> float:
        """Return how much what stands before speaks for a person."""
        left = text[max(0, start - _REACH) : start]
        if _TITLE.search(left):
            return 4.0
        if _NAME_IS.search(left):
            return 2.5
        if _LABEL.search(left):
            return 2.0
        if _GREETING.search(left) and _ENDS_GREETING.match(text, end):
            return 2.0
        return 0.7 if _WEAK.search(left) else 0.0

    def behind(self, text: str, end: int) -> float:
        """Return how much what stands behind speaks for a person."""
        if _LIVES.match(text, end, end + _REACH):
            return 2.0
        if _SPEAKS.match(text, end, end + _REACH):
            return 1.2
        return 1.0 if _SAYS.match(text, end, end + _REACH) else 0.0

    def place(self, text: str, start: int) -> bool:
        """Whether what stands before is rather followed by a place."""
        return bool(_PLACE.search(text[max(0, start - _REACH) : start]))

    def organisation(self, text: str, end: int) -> bool:
        """Whether what stands behind makes a company of it."""
        return bool(_COMPANY.match(text, end, end + _REACH))

    def mail_names(self, text: str) -> frozenset[str]:
        """Return the words of which mail addresses in the text are made."""
        return frozenset(
            fold(part)
            for match in _MAIL.finditer(text)
            for part in re.split(r"[._+-]", match[1])
            if len(part) > 2
        )

    def own_line(self, text: str, start: int, end: int) -> bool:
        """Whether it stands alone in a line of a text that has several, as in a signature."""
        if "\n" not in text:
            return False
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end
        rest = text[line_start:start] + text[end:line_end]
        return not any(character.isalnum() for character in rest)
