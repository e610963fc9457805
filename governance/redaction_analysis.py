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

from governance.redaction import PersonalData
from governance.redaction_addresses import Addresses
from governance.redaction_findings import Finding, resolve
from governance.redaction_internet import EmailAddresses, IpAddresses, Urls
from governance.redaction_names import LanguageModel
from governance.redaction_numbers import (
    BirthDates,
    CreditCards,
    Ibans,
    NamedCreditCards,
    NamedIbans,
    NamedIdentifiers,
)
from governance.redaction_orders import OrderNumbers
from governance.redaction_persons import Persons
from governance.redaction_phones import PhoneNumbers
from governance.redaction_secrets import recognizers as secret_recognizers
from governance.redaction_words import Words

_LOWEST_SCORE = 0.3
_NEED_THE_MODEL = frozenset({PersonalData.PERSON, PersonalData.ADDRESS})
_DIGITS = re.compile(r"\d")
_MANY_DIGITS = re.compile(r"\d\D{0,3}\d\D{0,3}\d")
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
        kind = PersonalData
        self._parts = (
            _Part(kind=kind.EMAIL, recognizer=EmailAddresses(), needs=_AT),
            _Part(kind=kind.URL, recognizer=Urls(), needs=_DOT),
            _Part(kind=kind.IP_ADDRESS, recognizer=IpAddresses(), needs=_OCTETS),
            _Part(kind=kind.CREDIT_CARD, recognizer=CreditCards(), needs=_MANY_DIGITS),
            _Part(kind=kind.CREDIT_CARD, recognizer=NamedCreditCards(), needs=_MANY_DIGITS),
            _Part(kind=kind.IBAN, recognizer=Ibans(), needs=_MANY_DIGITS),
            _Part(kind=kind.IBAN, recognizer=NamedIbans(), needs=_MANY_DIGITS),
            _Part(kind=kind.IDENTIFIER, recognizer=UsSsnRecognizer(), needs=_MANY_DIGITS),
            _Part(kind=kind.IDENTIFIER, recognizer=ItFiscalCodeRecognizer(), needs=_MANY_DIGITS),
            _Part(
                kind=kind.IDENTIFIER,
                recognizer=FiPersonalIdentityCodeRecognizer(),
                needs=_MANY_DIGITS,
            ),
            _Part(kind=kind.IDENTIFIER, recognizer=NamedIdentifiers(), needs=_MANY_DIGITS),
            _Part(kind=kind.DATE_OF_BIRTH, recognizer=BirthDates(), needs=_DIGITS),
            _Part(kind=kind.PHONE, recognizer=PhoneNumbers(), needs=_MANY_DIGITS),
            _Part(kind=kind.ORDER_NUMBER, recognizer=OrderNumbers(), needs=_MANY_DIGITS),
            *(
                _Part(kind=kind.SECRET, recognizer=one, needs=_TELLING)
                for one in secret_recognizers()
            ),
        )
        self._model = LanguageModel()
        words = Words(self._model.folder)
        self._persons = Persons(words)
        self._addresses = Addresses(words)

    def find(self, text: str, kinds: frozenset[PersonalData]) -> list[Finding]:
        """Return what is to go, without overlaps, in the order of the text."""
        found = [
            Finding(kind=part.kind, start=one.start, end=one.end, score=float(one.score))
            for part in self._parts
            if part.kind in kinds and part.needs.search(text)
            for one in part.recognizer.analyze(text, part.recognizer.supported_entities, None)  # type: ignore[arg-type]
            if one.score >= _LOWEST_SCORE
        ]
        if kinds & _NEED_THE_MODEL:
            shaped = self._persons.recased(text)
            entities = self._model.entities(shaped)
            if PersonalData.PERSON in kinds:
                found.extend(self._persons.find(text, shaped, entities))
            if PersonalData.ADDRESS in kinds:
                found.extend(self._addresses.find(text, shaped, entities))
        return resolve(text, found)
