"""presidio's recognisers and ours, each asked once about a text."""

import logging
from collections.abc import Sequence

from presidio_analyzer import EntityRecognizer
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    IbanRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    UrlRecognizer,
    UsSsnRecognizer,
)

from governance.redaction import PersonalData
from governance.redaction_findings import Finding, resolve
from governance.redaction_internet import EmailAddresses
from governance.redaction_names import LanguageModel
from governance.redaction_persons import Persons
from governance.redaction_words import Words

_LOWEST_SCORE = 0.3
_NEED_THE_MODEL = frozenset({PersonalData.PERSON, PersonalData.ADDRESS})


class Analysis:
    """Finds personal data. Loads the language model when made."""

    def __init__(self) -> None:
        # presidio tells about every recogniser that it makes.
        logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
        self._recognizers: Sequence[tuple[PersonalData, EntityRecognizer]] = (
            (PersonalData.EMAIL, EmailAddresses()),
            (PersonalData.URL, UrlRecognizer()),
            (PersonalData.IP_ADDRESS, IpRecognizer()),
            (PersonalData.CREDIT_CARD, CreditCardRecognizer()),
            (PersonalData.IBAN, IbanRecognizer()),
            (PersonalData.PHONE, PhoneRecognizer()),
            (PersonalData.IDENTIFIER, UsSsnRecognizer()),
        )
        self._model = LanguageModel()
        self._persons = Persons(Words(self._model.folder))

    def find(self, text: str, kinds: frozenset[PersonalData]) -> list[Finding]:
        """Return what is to go, without overlaps, in the order of the text."""
        found = [
            Finding(kind=kind, start=one.start, end=one.end, score=float(one.score))
            for kind, recognizer in self._recognizers
            if kind in kinds
            for one in recognizer.analyze(text, recognizer.supported_entities, None)  # type: ignore[arg-type]
            if one.score >= _LOWEST_SCORE
        ]
        if kinds & _NEED_THE_MODEL:
            shaped = self._persons.recased(text)
            found.extend(self._persons.find(text, shaped, self._model.entities(shaped)))
        return resolve(text, found)
