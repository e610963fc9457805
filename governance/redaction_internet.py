"""E-mail addresses and URLs."""

from presidio_analyzer import Pattern
from presidio_analyzer.predefined_recognizers import EmailRecognizer

_PART = r"[\w!#$%&'*+/=?^`{|}~-]"


class EmailAddresses(EmailRecognizer):
    """presidio's recogniser without its look at the list of public suffixes.

    Addresses inside a company end in names of its own, and the list would be fetched. What stands
    between the dots is bounded, so that no text takes quadratic time.
    """

    PATTERNS = [  # noqa: RUF012 - presidio's own way to declare them
        Pattern(
            "Email",
            rf"(?<![\w@]){_PART}(?:[\w!#$%&'*+/=?^`{{|}}~.-]{{0,62}}{_PART})?"
            r"@(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}(?![\w@])",
            0.9,
        )
    ]

    def validate_result(self, pattern_text: str) -> None:
        """Leave it at the pattern."""
