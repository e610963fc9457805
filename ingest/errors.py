"""Why a file could not be read, in words its owner understands.

    CopilotError
    └── IngestError
        ├── ManifestError              corpus.yaml or front matter cannot be used as it is written
        ├── SourceError                a path, a file or a row cannot be taken as a document
        └── ParseError                 this file, as it is, gives no text
            ├── EmptyFileError         nothing in it
            ├── EncryptedFileError     needs a password
            ├── DamagedFileError       truncated or broken
            ├── MislabelledFileError   its content is not what its name says
            ├── UnsafeFileError        built to exhaust whoever opens it (zip bomb)
            ├── TooLargeError          over the size limit
            ├── UnsupportedFormatError a format we do not read
            ├── ParseTimeoutError      took longer than its time limit
            ├── ParseMemoryError       needed more than its memory limit
            └── ParserCrashError       took its worker process down

The message of a ParseError is the reason alone, one line, without the file's name: whoever
reports it knows the file, and a hostile name must not be able to forge a line of a report.
"""

from foundation.errors import ConfigurationError, CopilotError


class IngestError(CopilotError):
    """Anything that stops documents from becoming searchable."""


class ManifestError(IngestError, ConfigurationError):
    """A corpus.yaml, or what a page says of itself, is wrong; names file and line."""


class SourceError(IngestError):
    """A path, a file or a row cannot be taken as a document; nothing was read from it."""


class ParseError(IngestError):
    """One file gave no text; the others are not concerned."""


class EmptyFileError(ParseError):
    """The file holds no bytes, or no text."""


class EncryptedFileError(ParseError):
    """The file opens only with a password or a key."""


class DamagedFileError(ParseError):
    """The file is truncated, or broken inside."""


class MislabelledFileError(ParseError):
    """The file's content is not what its name says."""


class UnsafeFileError(ParseError):
    """The file would unpack to far more than it has any reason to hold."""


class TooLargeError(ParseError):
    """The file, or what it holds, is over a limit."""


class UnsupportedFormatError(ParseError):
    """The file is of a kind that is not read here."""


class ParseTimeoutError(ParseError):
    """The file was not read within its time limit."""


class ParseMemoryError(ParseError):
    """The file needed more memory than a parser may use."""


class ParserCrashError(ParseError):
    """Reading the file killed the process that read it."""
