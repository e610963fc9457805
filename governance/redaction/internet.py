"""E-mail addresses, URLs and the addresses of machines."""

import ipaddress
import re

from presidio_analyzer import Pattern
from presidio_analyzer.predefined_recognizers import (
    EmailRecognizer,
    IpRecognizer,
    UrlRecognizer,
)

_PART = r"[\w!#$%&'*+/=?^`{|}~-]"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_PATH = r"(?:[/?#][^\s<>\"'`]{0,2000}[^\s<>\"'`.,;:!?)\]}])?/?"


class EmailAddresses(EmailRecognizer):
    """presidio's recogniser without its look at the list of public suffixes.

    Addresses inside a company end in names of its own, and the list would be fetched. What stands
    between the dots is bounded, so that no text takes quadratic time.
    """

    PATTERNS = [  # noqa: RUF012 - presidio's own way to declare them
        Pattern(
            "Email",
            rf"(?<![\w@]){_PART}(?:[\w!#$%&'*+/=?^`{{|}}~.-]{{0,62}}{_PART})?"
            rf"@(?:{_LABEL}\.){{1,8}}[^\W\d_][\w-]{{0,61}}[^\W_](?![\w@])",
            0.9,
        ),
        Pattern(
            "Email in words",
            rf"\b[\w.+-]{{1,64}}[ ]?(?:\(at\)|\[at\]| at )[ ]?{_LABEL}"
            rf"(?:[ ]?(?:\(dot\)|\[dot\]| dot )[ ]?{_LABEL}){{1,4}}\b",
            0.85,
        ),
    ]

    def validate_result(self, pattern_text: str) -> None:
        """Leave it at the pattern."""


class Urls(UrlRecognizer):
    """Addresses with a scheme whatever they end in, those without by presidio's list of endings.

    A bare name such as `settings.io` may be a file or a word: it counts behind `www.` or before a
    path only.
    """

    PATTERNS = [  # noqa: RUF012
        Pattern(
            "With a scheme",
            rf"\b(?:https?|ftps?|sftp|wss?|ssh|git|postgres(?:ql)?|mysql|redis|amqp|mongodb)://"
            rf"(?:[^\s/@<>\"']{{1,200}}@)?(?:\[[\da-f:.]+\]|{_LABEL}(?:\.{_LABEL}){{0,8}})\.?"
            rf"(?::\d{{1,5}})?{_PATH}",
            0.9,
        ),
        Pattern(
            "With www", rf"(?<![\w.@-])www\d?\.(?:{_LABEL}\.){{1,6}}[a-z]{{2,20}}(?::\d+)?{_PATH}",
            0.88,
        ),
        Pattern(
            "A name with a path",
            r"(?<![\w.@/-])(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.){1,5}"
            r"(?:com|org|net|edu|gov|io|dev|app|eu|de|at|ch|fr|it|es|nl|be|uk|se|no|dk|fi|pl|cz|sk|"
            r"hu|pt|ie|us|ca|au|nz|jp|cn|in|br|mx|info|biz|shop|store|online|cloud|co)"
            r"(?:(?::\d{2,5})?/[^\s<>\"'`]{0,2000}[^\s<>\"'`.,;:!?)\]}]|/)",
            0.6,
        ),
        Pattern(
            "A name",
            r"(?<![\w.@/-])(?!(?:asp|vb|ado|ml)\.net\b)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.){1,4}"
            r"(?:com|org|net|edu|gov|eu|de|at|ch|fr|it|es|nl|be|uk|se|dk|fi|pl|cz|hu|pt|ie|"
            r"com\.(?:au|br|mx)|co\.(?:uk|nz|jp|za))(?![\w/@-]|\.\w)",
            0.5,
        ),
    ]  # fmt: skip


# Machines that are nobody's: this one, every one, and masks of networks.
_NOBODYS = re.compile(r"(?:127|255|0)\.\d+\.\d+\.\d+(?:/\d+)?|::1?")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"


class IpAddresses(IpRecognizer):
    """presidio's patterns, but for IPv4: there a version number of four parts is none."""

    PATTERNS = [  # noqa: RUF012
        *(one for one in IpRecognizer.PATTERNS if one.name not in {"IPv4", "IPv6_unspecified"}),
        Pattern(
            "IPv4",
            r"(?<![\w.<>=~^-])"
            r"(?<!\b(?:version|versions|release|build|firmware|ver|rev|v)[ .:]{0,2})"
            rf"{_OCTET}(?:\.{_OCTET}){{3}}(?:/(?:[12]?\d|3[0-2]))?(?![\w-]|\.\d)",
            0.85,
        ),
    ]

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it is no address, or none of anybody's."""
        if _NOBODYS.fullmatch(pattern_text):
            return True
        try:
            ipaddress.ip_interface(pattern_text.partition("%")[0])
        except ValueError:
            return True
        # Words of code such as `add::fee` are made of the same letters.
        return not any(one.isdigit() for one in pattern_text)
