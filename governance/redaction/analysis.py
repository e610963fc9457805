"""presidio's recognisers and ours, each asked once about a text."""

import logging
import re
from dataclasses import dataclass

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.predefined_recognizers import (
    FiPersonalIdentityCodeRecognizer,
    ItFiscalCodeRecognizer,
    UsSsnRecognizer,
)

from governance.redaction.addresses import Addresses
from governance.redaction.findings import Finding, blanked, resolve
from governance.redaction.internet import EmailAddresses, IpAddresses, Urls
from governance.redaction.language_model import Entities, LanguageModel
from governance.redaction.numbers import CreditCards, Ibans, named_numbers
from governance.redaction.orders import OrderNumbers
from governance.redaction.persons import Persons
from governance.redaction.phones import PhoneNumbers
from governance.redaction.redactor import InDoubt, PersonalData
from governance.redaction.secrets import secret_recognizers
from governance.redaction.words import Words

_LOWEST_SCORE = 0.3
_NEED_THE_MODEL = frozenset({PersonalData.PERSON, PersonalData.ADDRESS})
_DIGITS = re.compile(r"\d\D{0,3}\d\D{0,3}\d")
_AT = re.compile(r"@|\bat\b|\(at|\[at", re.IGNORECASE)
_DOT = re.compile(r"\w\.\w|://")
_OCTETS = re.compile(r"\d\.\d|:[\da-f]{0,4}:", re.IGNORECASE)
_TELLING = re.compile(
    r"pass|pwd|secret|key|token|credential|kennwort|mot de|contrase|wachtwoord|senha|schl|cl[ée]|"
    r"clave|pin|otp|code|cv[vc]|bearer|basic|\w{4}_|-----|://|sk-|pk-|xox|glpat|[\w+/-]{20}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A recogniser, its kind, and what a text must hold for it to find anything."""

    kind: PersonalData
    recognizer: EntityRecognizer
    needs: re.Pattern[str]


class Analysis:
    """Finds personal data. Loads the language model when made."""

    def __init__(self) -> None:
        # presidio tells of every recogniser that it makes, and shows what it cannot check.
        logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)
        self._parts = tuple(
            _Part(kind=PersonalData(kind), recognizer=recognizer, needs=needs)
            for kind, recognizer, needs in (
                ("email", EmailAddresses(), _AT),
                ("url", Urls(), _DOT),
                ("ip_address", IpAddresses(), _OCTETS),
                ("credit_card", CreditCards(), _DIGITS),
                ("iban", Ibans(), _DIGITS),
                ("identifier", UsSsnRecognizer(), _DIGITS),
                ("identifier", ItFiscalCodeRecognizer(), _DIGITS),
                ("identifier", FiPersonalIdentityCodeRecognizer(), _DIGITS),
                *((kind, recognizer, _DIGITS) for kind, recognizer in named_numbers()),
                ("phone", PhoneNumbers(), _DIGITS),
                ("order_number", OrderNumbers(), _DIGITS),
                *(("secret", recognizer, _TELLING) for recognizer in secret_recognizers()),
            )
        )
        self._model = LanguageModel()
        words = Words(self._model.folder)
        self._persons = Persons(words)
        self._addresses = Addresses(words)

    def find(self, text: str, kinds: frozenset[PersonalData], in_doubt: InDoubt) -> list[Finding]:
        """Return what is to go, without overlaps, in the order of the text."""
        text = blanked(text)
        found = [
            Finding(kind=part.kind, start=one.start, end=one.end, score=float(one.score))
            for part in self._parts
            if part.kind in kinds and part.needs.search(text)
            for one in part.recognizer.analyze(text, part.recognizer.supported_entities, None)  # type: ignore[arg-type]
            if one.score >= _LOWEST_SCORE
        ]
        if kinds & _NEED_THE_MODEL:
            shaped = self._persons.recased(text)
            entities = Entities(self._model, shaped)
            if PersonalData.PERSON in kinds:
                found.extend(self._persons.find(text, shaped, entities, in_doubt))
            if PersonalData.ADDRESS in kinds:
                found.extend(self._addresses.find(shaped, entities))
        return resolve(text, found)
