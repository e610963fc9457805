"""Numbers of orders, invoices, returns and the like: they lead to a person in other systems.

Only behind a word that says what they are. Error codes, versions, quantities and the numbers of
goods look alike and are what tickets are searched for.
"""

import re

from presidio_analyzer import Pattern, PatternRecognizer

_CASES = (
    r"(?:(?:sales|purchase|customer|web|shop|online|back|return|replacement)[ -])?order|orders|po|p\.o\.|"
    r"invoice|inv|credit note|receipt|bill|quote|quotation|rma|return|refund|shipment|shipping|"
    r"delivery(?: note)?|consignment|parcel|package|tracking|awb|waybill|ticket|case|incident|booking|"
    r"reservation|confirmation|transaction|payment|subscription|contract|customer|client|"
    r"bestellung|auftrag|rechnung|gutschrift|lieferschein|lieferung|sendung|paket|retoure|kunden?|"
    r"vorgang|vertrag|commande|facture|avoir|colis|livraison|envoi|client|dossier|pedido|factura|"
    r"envío|reserva|ordine|fattura|spedizione|pratica|bestelling|factuur|zending|klant|zamówieni[ea]|"
    r"encomenda|fatura|objednávk[ay]|beställning|ordre|tilaus"
)
_CALLED = (
    r"(?:numbers?|nummern?|no|nr|num|id|ids|ref|reference|code|n°|nº|№|numéro|número|numero|#)"
)
_NOT_BEFORE = r"(?<![\w-])"
_VALUE = (
    r"(?!err[-_ ]?\d)"
    r"(?:[a-z]{1,6}[-_/]?(?:\d{2,4}[-_/])?\d{3,14}(?:[-_/][a-z\d]{1,10}){0,3}|\d{3,20}(?:[-/]\d{2,12}){0,3})"
    r"(?![\w-]|[.,]\d|[ ]?%)"
)
_BARE_VALUE = (
    r"(?!err[-_ ]?\d)(?:[a-z]{2,6}[-_]?\d{4,14}(?:[-_/][a-z\d]{1,10}){0,3}|\d{5,20}(?:[-/]\d{2,12}){0,3}|"
    r"\d{3,4}[-/]\d{4,12}(?:[-/]\d{2,12}){0,2})(?![\w-]|[.,]\d|[ ]?%)"
)
_DATE = re.compile(r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])(?:[-/.]\d{1,2})?|\d{1,2}/\d{1,2}/\d{2,4}")
_ERROR = re.compile(r"(?:err|error|http|e|code|ora|sql)[-_]?\d+", re.IGNORECASE)


class OrderNumbers(PatternRecognizer):
    """Values behind `order no.`, `invoice #`, `RMA:` and their like in several languages."""

    PATTERNS = [  # noqa: RUF012 - presidio's own way to declare them
        Pattern(
            "Called a number",
            rf"{_NOT_BEFORE}(?:{_CASES})[ \t-]?(?:{_CALLED}\b\.?|#)(?:[ \t]*(?:is|was|ist|:|=|#))*[ \t]*"
            rf"[\"'(]?\K{_VALUE}",
            0.75,
        ),
        Pattern(
            "A hash or a colon", rf"{_NOT_BEFORE}(?:{_CASES})[ \t]*[#:=][ \t]*#?\K{_VALUE}", 0.75
        ),
        Pattern("Right behind", rf"{_NOT_BEFORE}(?:{_CASES})[ \t]+\K{_BARE_VALUE}", 0.7),
        Pattern(
            "In a compound",
            r"(?<![\w-])(?:bestell|auftrags|rechnungs|kunden|liefer|sendungs|paket|vorgangs|vertrags)"
            rf"-?(?:nummer|nr|id)\b\.?(?:[ \t]*(?:is|ist|lautet|:|=|#))*[ \t]*\K{_VALUE}",
            0.75,
        ),
        Pattern(
            "With its own prefix",
            r"(?<![\w-])(?:po|rma|inv|ord|so)[-_#]\K\d{4,14}(?:[-_/]\d{1,10}){0,3}(?![\w-]|[.,]\d)",
            0.7,
        ),
        Pattern("As shops write them", r"(?<![\w-])\d{3}-\d{7}-\d{7}(?![\w-])", 0.85),
    ]

    def __init__(self) -> None:
        super().__init__(supported_entity="ORDER_NUMBER", patterns=self.PATTERNS)

    def invalidate_result(self, pattern_text: str) -> bool:
        """Return whether it is a day, a year or the code of an error."""
        return bool(
            _DATE.fullmatch(pattern_text)
            or _ERROR.fullmatch(pattern_text)
            or re.fullmatch(r"(?:19|20)\d\d", pattern_text)
        )
