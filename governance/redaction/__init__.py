"""Takes personal data and secrets out of text. `Redactor` is the way in.

`analysis` puts the recognisers together, one module a kind of data; `words`, `names.txt` and
`phrases.txt` are what they know, `language_model` what they ask where they cannot tell.
"""

from governance.redaction.redactor import (
    REDACTION_VERSION,
    InDoubt,
    PersonalData,
    Redacted,
    Redactor,
)

__all__ = ["REDACTION_VERSION", "InDoubt", "PersonalData", "Redacted", "Redactor"]
