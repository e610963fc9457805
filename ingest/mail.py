"""Mail → its subject, one line on who wrote when, and what was written.

The standard library reads EML and python-oxmsg reads MSG; unstructured would read both with the
same libraries and lose which lines belong together.
"""

import re
from collections.abc import Iterable
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from io import BytesIO
from typing import Protocol

from ingest.decoding import decode_text
from ingest.element import ParsedDocument
from ingest.errors import DamagedFileError, EncryptedFileError
from ingest.hypertext import html_blocks
from ingest.plain_text import text_blocks
from ingest.stored_text import Block, assemble, heading, paragraph

_HEADER = re.compile(rb"^(?:From |[A-Za-z][A-Za-z0-9-]*:)", re.MULTILINE)
_KNOWN_HEADER = re.compile(
    rb"^(?:From|To|Subject|Date|MIME-Version|Received|Content-Type)\s*:",
    re.MULTILINE | re.IGNORECASE,
)
_ENCRYPTED = frozenset({
    "multipart/encrypted", "application/pgp-encrypted", "application/pkcs7-mime",
    "application/x-pkcs7-mime",
})  # fmt: skip


def parse_eml(data: bytes) -> ParsedDocument:
    """Read a mail; of several renderings of its body the plain one, unless it is empty."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:64]:
        data = decode_text(data).encode()  # saved by an editor as UTF-16; mail itself is bytes
    data = data.lstrip(b"\xef\xbb\xbf\r\n")
    if not _HEADER.match(data) or not _KNOWN_HEADER.search(data[:65_536]):
        message = "is not a mail: it has no From, To, Subject or Date line"
        raise DamagedFileError(message)
    mail = message_from_bytes(data, policy=policy.default)
    if not isinstance(mail, EmailMessage):  # pragma: no cover - the default policy makes these
        message = "is not a mail"
        raise DamagedFileError(message)
    encrypted = {part.get_content_type() for part in mail.walk()} & _ENCRYPTED
    if encrypted and "signed-data" not in str(mail.get("Content-Type", "")):
        message = "is encrypted: save the message decrypted"
        raise EncryptedFileError(message)
    subject = _header(mail, "Subject")
    attachments = [part.get_filename() or "unnamed" for part in mail.iter_attachments()]
    return _letter(
        subject,
        [(name, _header(mail, name)) for name in ("From", "To", "Cc", "Date")],
        _body(mail),
        attachments,
    )


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(mail.get(name, "")).split())
    except (ValueError, IndexError, AttributeError, TypeError):
        return ""  # the standard library stumbles over some malformed addresses


def _body(mail: EmailMessage) -> list[Block]:
    """Choose HTML where it has a table or headings that the plain rendering cannot show."""
    plain = mail.get_body(preferencelist=("plain",))
    html = mail.get_body(preferencelist=("html",))
    html_text = _content(html) if html is not None else ""
    plain_text = _content(plain) if plain is not None else ""
    if html_text.strip() and (
        not plain_text.strip()
        or re.search(r"<(?:table|h[1-6]|ol|ul|pre)\b", html_text, re.IGNORECASE)
    ):
        blocks = html_blocks(html_text)
        if any(block.text for block in blocks):
            return blocks
    if plain_text.strip():
        return text_blocks(plain_text)
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    return [block for part in parts for block in text_blocks(_content(part))]


def _content(part: object) -> str:
    if not isinstance(part, EmailMessage):
        return ""
    try:
        content = part.get_content()
    except (LookupError, ValueError, AttributeError, TypeError):
        content = part.get_payload(decode=True)
    return decode_text(content) if isinstance(content, bytes) else str(content or "")


class _Attachment(Protocol):
    """What is used of an attachment in an MSG file."""

    @property
    def file_name(self) -> str | None: ...


def parse_msg(data: bytes) -> ParsedDocument:
    """Read an Outlook message."""
    from oxmsg import Message

    try:
        message = Message.load(BytesIO(data))
        headers = dict(message.message_headers)
        html, plain = message.html_body, message.body
    except Exception as error:
        reason = "is damaged: Outlook's own streams in it cannot be read"
        raise DamagedFileError(reason) from error
    names = _names(message.attachments)
    if str(message.message_class or "").lower().startswith("ipm.note.smime") or any(
        name.lower().endswith((".rpmsg", ".pgp-encrypted", ".p7m")) for name in names
    ):
        reason = "is encrypted: save the message decrypted"
        raise EncryptedFileError(reason)
    sent = message.sent_date
    people = (_person(item.name or "", item.email_address or "") for item in message.recipients)
    recipients = ", ".join(person for person in people if person)
    blocks = html_blocks(html) if html and html.strip() else []
    if not any(block.text for block in blocks):
        blocks = text_blocks(plain or "")
    return _letter(
        message.subject or "",
        [
            ("From", _decoded(message.sender or headers.get("From", ""))),
            ("To", recipients),
            ("Date", sent.strftime("%Y-%m-%d %H:%M") if sent else headers.get("Date", "")),
        ],
        blocks,
        names,
    )


def _decoded(value: str) -> str:
    """Decode a header that Outlook stored as it came over the wire."""
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError, HeaderParseError):
        return value


def _person(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address and name != address else address or name


def _names(attachments: Iterable[_Attachment]) -> list[str]:
    return [item.file_name or "unnamed" for item in attachments]


def _letter(
    subject: str, facts: list[tuple[str, str]], body: list[Block], attachments: list[str]
) -> ParsedDocument:
    about = [f"{name}: {value}" for name, value in facts if value]
    if attachments:
        about.append(f"Attachments: {', '.join(attachments)}")
    blocks = [heading(subject, level=1), paragraph("\n".join(about))]
    # A subject ranks above whatever headings the body has.
    lowered = [
        heading(block.text, level=block.level + 1) if block.kind == "heading" else block
        for block in body
    ]
    return assemble([*blocks, *lowered], title=subject)
