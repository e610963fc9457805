"""What needs no search: greetings, thanks, "ok", "who are you?", and the wish for a person.

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
    ACKNOWLEDGED = "acknowledged"
    ABOUT = "about"


_PHRASES = {
    "en": {
        _Kind.GREETING: "hi there|hi|hello there|hello|hey there|hey|good morning|good afternoon"
        "|good evening|good day|greetings|howdy|how are you doing|how are you(?: today)?"
        "|how's it going",
        _Kind.THANKS: "thanks a lot|thanks so much|many thanks|thanks again|thanks|thank you"
        "(?: so much| very much| again)?|thx|cheers|much appreciated|i appreciate it"
        "|that (?:helps|helped)(?: a lot)?|that's (?:great|perfect)|perfect|great|awesome|super",
        _Kind.GOODBYE: "goodbye|good bye|bye bye|bye|see you(?: later| soon)?|good night"
        "|have a (?:nice|good|great) (?:day|evening|weekend)|take care|ciao",
        _Kind.ACKNOWLEDGED: "ok|okay|yes please|yes|yep|no thanks|no thank you|no|nope|got it"
        "|all right|alright|understood|i see|that's all|nothing else",
        _Kind.ABOUT: "what can you do(?: for me)?|what do you do|who are you|what are you"
        "|how can you help(?: me)?|what can i ask(?: you)?|can you help(?: me)?|help me|help",
    },
    "de": {
        _Kind.GREETING: "hallo|guten morgen|guten tag|guten abend|grüß gott|grüezi|moin|servus"
        "|wie geht es (?:ihnen|dir)|wie geht's",
        _Kind.THANKS: "vielen dank|besten dank|herzlichen dank|danke schön|dankeschön|danke sehr"
        "|danke|prima",
        _Kind.GOODBYE: "auf wiedersehen|tschüss|tschüß|bis (?:bald|später|morgen)"
        "|schönen tag(?: noch)?|gute nacht",
        _Kind.ACKNOWLEDGED: "ja bitte|ja|nein danke|nein|alles klar|verstanden|in ordnung",
        _Kind.ABOUT: "was kannst du|was können sie|wer bist du|wer sind sie|hilfe",
    },
    "fr": {
        _Kind.GREETING: "bonjour|bonsoir|salut|coucou|comment allez-vous|ça va",
        _Kind.THANKS: "merci beaucoup|merci bien|mille mercis|merci|parfait|génial",
        _Kind.GOODBYE: "au revoir|à bientôt|à plus tard|bonne journée|bonne soirée|bonne nuit",
        _Kind.ACKNOWLEDGED: "oui|non merci|non|d'accord|compris",
        _Kind.ABOUT: "que peux-tu faire|que pouvez-vous faire|qui es-tu|qui êtes-vous|aide",
    },
    "es": {
        _Kind.GREETING: "hola|buenos días|buenas tardes|buenas noches|buenas|qué tal|cómo está"
        "|cómo estás",
        _Kind.THANKS: "muchas gracias|mil gracias|gracias|perfecto|genial",
        _Kind.GOODBYE: "adiós|hasta luego|hasta pronto|hasta mañana|chao",
        _Kind.ACKNOWLEDGED: "sí|no gracias|vale|de acuerdo|entendido",
        _Kind.ABOUT: "qué puedes hacer|qué puede hacer|quién eres|quién es usted|ayuda",
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
        _Kind.ACKNOWLEDGED: "All right. Ask whenever you would like to know something.",
        _Kind.ABOUT: (
            "I answer questions from the approved documents that you may read, quote where "
            "each answer stands, and pass on to a person what they do not answer. What would "
            "you like to know?"
        ),
    },
    "de": {
        _Kind.GREETING: "Guten Tag! Was möchten Sie wissen?",
        _Kind.THANKS: "Gern geschehen. Fragen Sie jederzeit wieder.",
        _Kind.GOODBYE: "Auf Wiedersehen, bis zum nächsten Mal.",
        _Kind.ACKNOWLEDGED: "In Ordnung. Fragen Sie, wann immer Sie etwas wissen möchten.",
        _Kind.ABOUT: (
            "Ich beantworte Fragen aus den freigegebenen Dokumenten, die Sie lesen dürfen, "
            "zitiere die Stelle und gebe an einen Menschen weiter, was dort nicht steht. Was "
            "möchten Sie wissen?"
        ),
    },
    "fr": {
        _Kind.GREETING: "Bonjour ! Que souhaitez-vous savoir ?",
        _Kind.THANKS: "Avec plaisir. N'hésitez pas à revenir vers nous.",
        _Kind.GOODBYE: "Au revoir, et à bientôt.",
        _Kind.ACKNOWLEDGED: "Très bien. Posez votre question quand vous voulez.",
        _Kind.ABOUT: (
            "Je réponds à partir des documents approuvés que vous pouvez lire, je cite le "
            "passage et je transmets à une personne ce qui n'y figure pas. Que souhaitez-vous"
            " savoir ?"
        ),
    },
    "es": {
        _Kind.GREETING: "¡Hola! ¿Qué le gustaría saber?",
        _Kind.THANKS: "De nada. Vuelva a preguntar cuando lo necesite.",
        _Kind.GOODBYE: "Adiós, hasta la próxima.",
        _Kind.ACKNOWLEDGED: "De acuerdo. Pregunte cuando quiera saber algo.",
        _Kind.ABOUT: (
            "Respondo con los documentos aprobados que usted puede leer, cito el pasaje y "
            "paso a una persona lo que no está en ellos. ¿Qué le gustaría saber?"
        ),
    },
}
_LONGEST = 80
_MARKS = re.compile(r"[^\w'’\- ]+")  # noqa: RUF001 (people type both)


def courtesy(text: str) -> Courtesy | None:
    """The polite reply where a message is nothing but a courtesy, else None.

    The reply is in the message's language; with several courtesies in one message ("thanks,
    bye") the last one decides. Words that English has borrowed ("ciao") leave the language alone.
    """
    plain = _plain(text)
    if not plain or len(plain) > _LONGEST:
        return None
    for language, kinds in _PHRASES.items():
        if re.fullmatch(kinds[_Kind.ABOUT], plain):
            return Courtesy(text=_REPLIES[language][_Kind.ABOUT])
    rest = plain
    said: list[tuple[int, str, _Kind]] = []
    for language, kinds in _PHRASES.items():
        # "no thanks" before the thanks that are in it.
        for kind in (_Kind.ACKNOWLEDGED, _Kind.GREETING, _Kind.THANKS, _Kind.GOODBYE):
            phrases = kinds[kind]
            pattern = re.compile(rf"(?<![\w'-])(?:{phrases})(?![\w'-])")
            said.extend((match.start(), language, kind) for match in pattern.finditer(rest))
            rest = pattern.sub(lambda match: " " * len(match.group()), rest)
    rest = re.sub(rf"(?<![\w'-])(?:{_ADDRESSED})(?![\w'-])", " ", rest)
    if not said or rest.strip(" -'"):
        return None
    kind = max(said)[2]
    foreign = [language for _, language, _ in sorted(said) if language != "en"]
    language = foreign[-1] if foreign else "en"
    return Courtesy(text=_REPLIES[language][kind])


_SOMEONE = (
    r"(?:(?:an?|some|the|your|one of your) )?(?:(?:real|live|actual) )?(?:human(?: being)?|person"
    r"|people|agent|someone|somebody|representative|operator|advisor|colleague"
    r"|support(?: team| agent)?)"
)
_PERSON = re.compile(
    r"(?:hi|hello|hey|hallo|bonjour|hola)?\s*(?:please|bitte)?\s*(?:"
    rf"(?:(?:can|could|may) (?:i|we)(?: please)?|let me"
    rf"|(?:i|we)(?:'d| would)? (?:want|like|need) to)?"
    rf" ?(?:talk|speak|chat) (?:to|with) {_SOMEONE}"
    rf"|(?:i|we)(?:'d| would)? (?:want|like|need) {_SOMEONE}"
    rf"|(?:can you |could you )?(?:please )?(?:connect|transfer|pass) me (?:to|with|on to)"
    rf" {_SOMEONE}"
    rf"|(?:a )?(?:real |live )?(?:human|person|agent)|escalate(?: this| it)?"
    r"|(?:kann|könnte|darf|möchte|will) ich (?:bitte )?mit (?:einem|einer|jemandem)?\s*(?:echten )?"
    r"(?:menschen|mitarbeiter|mitarbeiterin|person|berater)? ?(?:sprechen|reden)"
    r"|ich (?:möchte|will|würde gern) (?:bitte )?mit (?:einem|einer|jemandem)?\s*(?:echten )?"
    r"(?:menschen|mitarbeiter|mitarbeiterin|person|berater)? ?(?:sprechen|reden)"
    r"|(?:puis-je|je peux|je (?:veux|voudrais|souhaite)|est-ce que je peux)? ?parler (?:à|avec) "
    r"(?:une? )?(?:vraie )?(?:personne|humain|conseiller|agent|quelqu'un)"
    r"|(?:puedo|podría|quiero|quisiera|me gustaría)? ?hablar con (?:una? )?"
    r"(?:persona(?: real)?|humano|agente|alguien|asesor)"
    r")\s*(?:please|now|instead|bitte|jetzt|s'il vous plaît|por favor)*"
)


def wants_person(text: str) -> bool:
    """Whether a message is nothing but the wish to talk to a person (en, de, fr, es)."""
    plain = _plain(text)
    return len(plain) <= _LONGEST and bool(_PERSON.fullmatch(plain))


def _plain(text: str) -> str:
    lower = text.casefold().replace("’", "'")  # noqa: RUF001 (people type both)
    return " ".join(_MARKS.sub(" ", lower).split())
