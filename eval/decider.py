"""Who decides at a terminal: the one they name, or the user of this machine."""

import getpass

from foundation.errors import ConfigurationError


def decider(named: str | None) -> str:
    """The name to put on record; `ConfigurationError` where the machine knows none."""
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # A container that runs under a number without a name.
        raise ConfigurationError(
            "this machine does not say who its user is; name who decides with --by NAME"
        ) from None
