"""The root of every error the house raises on purpose.

Each floor hangs its own tree below `CopilotError`; nothing here knows HTTP. A message says what
happened, to what, and what to do next, because it is shown to the person as it stands.

    CopilotError
    ├── ConfigurationError     a setting, policy or manifest cannot be used as it is
    ├── StorageError           the database, the blobs or the index cannot do what was asked
    │   └── DataFolderBusyError
    ├── NotFoundError          it does not exist, or not for this asker: the same to them
    ├── InvalidRequestError    what was asked for makes no sense as it stands
    ├── ConflictError          the thing is in a state that does not allow it
    └── BusyError              too much at once (foundation.gate); the same again in a moment
"""


class CopilotError(Exception):
    """Anything that went wrong and that we can explain in one line."""


class ConfigurationError(CopilotError):
    """A setting, a policy or a manifest cannot be used as it is written."""


class StorageError(CopilotError):
    """The database, the blob store or the index could not do what was asked."""


class DataFolderBusyError(StorageError):
    """Another process owns the embedded index in this data folder."""


class NotFoundError(CopilotError):
    """The thing does not exist, or not for this asker; the two must look the same."""


class InvalidRequestError(CopilotError):
    """The request is understood and makes no sense as it stands."""


class ConflictError(CopilotError):
    """The thing is in a state that does not allow what was asked."""
