"""A multipart form as it comes in: files go to disk block by block, and every part is bounded.

Nothing here knows HTTP: whoever receives the body feeds it. Files are written to the disk without
a name, so that nothing of a form is left behind however its reception ends, and what the sender
calls a file is text and nothing else.
"""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from foundation.errors import InvalidRequestError, StorageError
from foundation.folders import private_folder
from ingest.errors import TooLargeError, UnsupportedFormatError

LARGEST_METADATA = 64 * 1024
"""Bytes of the field `metadata`."""
_MOST_HEADERS = 8
_LONGEST_HEADER = 4 * 1024
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadBounds:
    """How much one request may bring: bytes of a file, bytes of all together, files."""

    file_bytes: int
    request_bytes: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadMisfit:
    """One thing in an upload that does not fit: where it is, and what would fit there."""

    loc: tuple[str | int, ...]
    msg: str


class UploadMisfitError(InvalidRequestError):
    """An upload cannot be taken as it is; `misfits` says all that is wrong with it."""

    def __init__(self, *misfits: UploadMisfit) -> None:
        super().__init__("; ".join(one.msg for one in misfits))
        self.misfits: Sequence[UploadMisfit] = misfits


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file as it came. `name` is the sender's word for it, and never a path."""

    name: str
    size: int
    sha256: str
    content: BinaryIO


class _Part:
    """A part on its way in: a file on disk, or a field in memory."""

    def __init__(self, field: str, name: str, file: BinaryIO | None) -> None:
        self.field = field
        self.name = name
        self.file = file
        self.text = bytearray()
        self.size = 0
        self.hash = hashlib.sha256()


class UploadForm:
    """Takes a form's bytes as they come. Use it as a context manager: leaving it drops the files.

    `folder` is where files are written meanwhile. `on_metadata` is called as soon as the field
    `metadata` is complete, so that an upload that is to be refused is refused before its files.
    """

    def __init__(
        self,
        content_type: str,
        bounds: UploadBounds,
        folder: Path,
        on_metadata: Callable[[str], None] = lambda _: None,
    ) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data":
            message = "send the files as a form, with 'Content-Type: multipart/form-data'"
            raise UnsupportedFormatError(message)
        self._bounds = bounds
        self._folder = folder
        self._on_metadata = on_metadata
        self._received = 0
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._part: _Part | None = None
        self._files: list[ReceivedFile] = []
        self._opened: list[BinaryIO] = []
        self._metadata: str | None = None
        self._ended = False
        no_boundary = "the Content-Type names no boundary as a form needs it"
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise _malformed(no_boundary)
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._open,
                    "on_part_data": self._take,
                    "on_part_end": self._close,
                    "on_end": self._end,
                },
                max_header_count=_MOST_HEADERS,
                max_header_size=_LONGEST_HEADER,
            )
        except FormParserError:
            raise _malformed(no_boundary) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def metadata(self) -> str | None:
        """The field `metadata`; None where there is none."""
        return self._metadata

    @property
    def files(self) -> tuple[ReceivedFile, ...]:
        """The files that are here as a whole."""
        return tuple(self._files)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises `TooLargeError` as soon as a bound is passed, and `UploadMisfitError`.
        """
        self._received += len(data)
        if self._received > self._bounds.request_bytes:
            raise request_too_large(self._bounds)
        try:
            self._parser.write(data)
        except FormParserError:
            raise _malformed("is not a well-formed form (multipart/form-data)") from None
        except OSError as error:
            raise StorageError(
                f"an upload cannot be written to {self._folder}: {error.strerror}; "
                "check space and rights"
            ) from error

    def finish(self) -> None:
        """Say that the body has ended. Raises `UploadMisfitError` where it is no whole form."""
        if not self._ended:
            raise _malformed("ends before its form does; send it again")
        if not self._files:
            raise UploadMisfitError(
                UploadMisfit(loc=("body", "file"), msg="is missing: send at least one file")
            )

    def close(self) -> None:
        """Drop the files. Safe to call twice."""
        opened, self._opened = self._opened, []
        for file in opened:
            file.close()

    # -- what the parser calls ---------------------------------------------------------------

    def _begin(self) -> None:
        self._headers = {}
        self._header = (bytearray(), bytearray())

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        field = options.get(b"name", b"").decode("utf-8", "replace")
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        if field == "file":
            if len(self._files) >= self._bounds.files:
                raise UploadMisfitError(
                    UploadMisfit(
                        loc=("body", "file"),
                        msg=f"at most {self._bounds.files} files at once; send the rest after",
                    )
                )
            self._part = _Part(field, name, self._on_disk())
        elif field == "metadata" and self._metadata is None:
            self._part = _Part(field, "", None)
        else:
            # The name is the sender's text, and is not repeated.
            found = "a second metadata" if field == "metadata" else "a field that is not known here"
            raise UploadMisfitError(
                UploadMisfit(
                    loc=("body",), msg=f"holds {found}; send `file` (repeatedly) and `metadata`"
                )
            )

    def _on_disk(self) -> BinaryIO:
        # Unlinked as it is made: no name to guess, and gone with this process however it ends.
        file = tempfile.TemporaryFile(dir=private_folder(self._folder))  # noqa: SIM115 - `close` does
        self._opened.append(file)
        return file

    def _take(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part is None:
            return
        part.size += end - start
        if part.file is None:
            if part.size > LARGEST_METADATA:
                raise TooLargeError(
                    f"the field metadata is larger than {LARGEST_METADATA} bytes; send less"
                )
            part.text += data[start:end]
            return
        if part.size > self._bounds.file_bytes:
            megabytes = self._bounds.file_bytes / _MEGABYTE
            raise TooLargeError(
                f"a file is larger than the {megabytes:g} MB that are taken: split it"
            )
        block = data[start:end]
        part.hash.update(block)
        part.file.write(block)

    def _close(self) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        if part.file is None:
            try:
                self._metadata = part.text.decode("utf-8")
            except UnicodeDecodeError:
                raise UploadMisfitError(
                    UploadMisfit(loc=("body", "metadata"), msg="is not UTF-8 text")
                ) from None
            self._on_metadata(self._metadata)
            return
        part.file.flush()
        self._files.append(
            ReceivedFile(
                name=part.name, size=part.size, sha256=part.hash.hexdigest(), content=part.file
            )
        )

    def _end(self) -> None:
        self._ended = True


def request_too_large(bounds: UploadBounds) -> TooLargeError:
    """The error for a request over its limit, so that both places word it alike."""
    megabytes = bounds.request_bytes / _MEGABYTE
    return TooLargeError(
        f"the request is larger than the {megabytes:g} MB that are taken at once: "
        "send its files in several requests"
    )


def _malformed(reason: str) -> UploadMisfitError:
    return UploadMisfitError(UploadMisfit(loc=("body",), msg=reason))
