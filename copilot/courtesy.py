"""Greetings, thanks and goodbyes: answered with a line, never with a ticket.

Conservative on purpose. A message is a courtesy only if nothing but courtesies is in it:
"hi, how do I refund an order?" is a question.
"""

import re
from enum import StrEnum

from copilot.answer import Courtesy


class _Kind(StrEnum):
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"


_PHRASES = {
    "en": {
        _Kind.GREETING: "hi there|hi|hello there|hello|hey there|hey|good morning|good afternoon"
        "|good evening|good day|greetings|howdy|how are you doing|how are you(?: today)?"
        "|how's it going",
        _Kind.THANKS: "thanks a lot|thanks so much|many thanks|thanks again|thanks|thank you"
        "(?: so much| very much| again)?|thx|cheers|much appreciated|i appreciate it"
        "|that (?:helps|helped)(?: a lot)?|that's (?:great|perfect)|perfect|great|awesome",
        _Kind.GOODBYE: "goodbye|good bye|bye bye|bye|see you(?: later| soon)?|good night"
        "|have a (?:nice|good|great) (?:day|evening|weekend)|take care",
    },
    "de": {
        _Kind.GREETING: "hallo|guten morgen|guten tag|guten abend|grüß gott|grüezi|moin|servus"
        "|wie geht es (?:ihnen|dir)|wie geht's",
        _Kind.THANKS: "vielen dank|besten dank|herzlichen dank|danke schön|dankeschön|danke sehr"
        "|danke|super|prima",
        _Kind.GOODBYE: "auf wiedersehen|tschüss|tschüß|ciao|bis (?:bald|später|morgen)"
        "|schönen tag(?: noch)?|gute nacht",
    },
    "fr": {
        _Kind.GREETING: "bonjour|bonsoir|salut|coucou|comment allez-vous|ça va",
        _Kind.THANKS: "merci beaucoup|merci bien|mille mercis|merci|parfait|génial",
        _Kind.GOODBYE: "au revoir|à bientôt|à plus tard|bonne journée|bonne soirée|bonne nuit",
    },
    "es": {
        _Kind.GREETING: "hola|buenos días|buenas tardes|buenas noches|buenas|qué tal|cómo está"
        "|cómo estás",
        _Kind.THANKS: "muchas gracias|mil gracias|gracias|perfecto|genial",
        _Kind.GOODBYE: "adiós|hasta luego|hasta pronto|hasta mañana|chao",
    },
}
_ADDRESSED = (
    "team|all|everyone|everybody|folks|guys|sir|madam|copilot|bot|assistant|support|zusammen"
    "|à tous|tout le monde|a todos|for (?:your|the) help|for your (?:time|support|quick reply)"
    "|für (?:ihre|deine|die) hilfe|pour votre aide|por su ayuda|por tu ayuda|and|und|et|y|so"
    "|very much|a lot"
)
_REPLIES = {
    "en": {
        _Kind.GREETING: "Hello! What would you like to know?",
        _Kind.THANKS: "You are welcome. Ask again whenever you need to.",
        _Kind.GOODBYE: "Goodbye, and until next time.",
    },
    "de": {
        _Kind.GREETING: "Guten Tag! Was möchten Sie wissen?",
        _Kind.THANKS: "Gern geschehen. Fragen Sie jederzeit wieder.",
        _Kind.GOODBYE: "Auf Wiedersehen, bis zum nächsten Mal.",
    },
    "fr": {
        _Kind.GREETING: "Bonjour ! Que souhaitez-vous savoir ?",
        _Kind.THANKS: "Avec plaisir. N'hésitez pas à revenir vers nous.",
        _Kind.GOODBYE: "Au revoir, et à bientôt.",
    },
    "es": {
        _Kind.GREETING: "¡Hola! ¿Qué le gustaría saber?",
        _Kind.THANKS: "De nada. Vuelva a preguntar cuando lo necesite.",
        _Kind.GOODBYE: "Adiós, hasta la próxima.",
    },
}
_LONGEST = 80
_MARKS = re.compile(r"[^\w'’\- ]+")  # noqa: RUF001 (people type both)


def courtesy(text: str) -> Courtesy | None:
    """The polite reply where a message is nothing but a courtesy, else None.

    The reply is in the message's language; with several courtesies in one message ("thanks,
    bye") the last one decides.
    """
    plain = " ".join(_MARKS.sub(" ", text.casefold().replace("’", "'")).split())  # noqa: RUF001 (people type both)
    if not plain or len(plain) > _LONGEST:
        return None
    rest = plain
    said: list[tuple[int, str, _Kind]] = []
    for language, kinds in _PHRASES.items():
        for kind, phrases in kinds.items():
            pattern = re.compile(rf"(?<![\w'-])(?:{phrases})(?![\w'-])")
            said.extend((match.start(), language, kind) for match in pattern.finditer(rest))
            rest = pattern.sub(lambda match: " " * len(match.group()), rest)
    rest = re.sub(rf"(?<![\w'-])(?:{_ADDRESSED})(?![\w'-])", " ", rest)
    if not said or rest.strip(" -'"):
        return None
    _, language, kind = max(said)
    return Courtesy(text=_REPLIES[language][kind])
