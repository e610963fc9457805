"""Numbers of orders, invoices, returns and the like: they lead to a person in other systems.

Only behind a word that says what they are. Error codes, versions, quantities and the numbers of
goods look alike and are what tickets are searched for.
"""

import re

from presidio_analyzer import Pattern, PatternRecognizer

from governance.redaction.phrases import either

_START = r"(?<![\w-])"
_END = r"(?![\w-]|[.,]\d|[ ]?%)"
# Behind "order number" any number is one; right behind "order" only what is no quantity.
_VALUE = (
    r"(?!err[-_ ]?\d)(?:[a-z]{1,6}[-_/]?(?:\d{2,4}[-_/])?\d{3,14}(?:[-_/][a-z\d]{1,10}){0,3}|"
    rf"\d{{3,20}}(?:[-/]\d{{2,12}}){{0,3}}){_END}"
)
_BARE_VALUE = (
    r"(?!err[-_ ]?\d)(?:[a-z]{2,6}[-_]?\d{4,14}(?:[-_/][a-z\d]{1,10}){0,3}|"
    r"\d{5,20}(?:[-/]\d{2,12}){0,3}|\d{3,4}[-/]\d{4,12}(?:[-/]\d{2,12}){0,2})"
    rf"{_END}(?![ ](?:of|orders|units|pieces|articles|items|lines|rows|times)\b)"
)
_NO_ORDER = re.compile(
    # A day, an amount of years, the code of an error
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])(?:[-/.]\d{1,2})?|\d{1,2}/\d{1,2}/\d{2,4}|(?:19|20)\d\d|"
    r"(?:err|error|http|e|code|ora|sql)[-_]?\d+",
    re.IGNORECASE,
)


class OrderNumbers(PatternRecognizer):
    """Values behind `order no.`, `invoice #`, `RMA:` and their like in several languages."""

    def __init__(self) -> None:
        cases, called, is_ = either("orders"), either("called a number"), either("is")
        compounds = either("orders in compounds")
        texts = (
            rf"{_START}{cases}[ \t-]?{called}(?!\w)\.?(?:[ \t]*{is_})*[ \t]*[\"'(]?\K{_VALUE}",
            rf"{_START}{cases}[ \t]*[#:=][ \t]*#?\K{_VALUE}",
            rf"{_START}{cases}[ \t]+\K{_BARE_VALUE}",
            rf"{_START}{compounds}-?(?:nummer|nr|id)(?!\w)\.?(?:[ \t]*{is_})*[ \t]*\K{_VALUE}",
            rf"{_START}(?:po|rma|inv|ord|so)[-_#]\K\d{{4,14}}(?:[-_/]\d{{1,10}}){{0,3}}{_END}",
            # As a large shop writes them
            r"(?<![\w-])\d{3}-\d{7}-\d{7}(?![\w-])",
        )
        super().__init__(
            supported_entity="ORDER_NUMBER",
            patterns=[
                Pattern(f"Order {number}", text, 0.75) for number, text in enumerate(texts, 1)
            ],
        )

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it is a day, a year or the code of an error."""
        return bool(_NO_ORDER.fullmatch(pattern_text))
