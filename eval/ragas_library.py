"""The way to ragas: an optional library, slow to import, that phones home unless told not to."""

import importlib
import os
import warnings
from importlib.util import find_spec
from types import ModuleType

from foundation.errors import ConfigurationError

HOW_TO_INSTALL = "install it with: pip install 'partner-copilot[eval]'"


class RagasMissingError(ConfigurationError):
    """Ragas was asked for and is not installed, or not as it must be."""


def has_ragas() -> bool:
    """Whether ragas is installed, without paying for its import."""
    return find_spec("ragas") is not None


def ragas_module(name: str) -> ModuleType:
    """Import a module of ragas. Raises `RagasMissingError` that says what to install."""
    if not has_ragas():
        raise RagasMissingError(f"ragas is not installed; {HOW_TO_INSTALL}")
    # Read at import and when it is used, by it and by a library below it.
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    try:
        with warnings.catch_warnings():
            # What it and its libraries deprecate is for their authors to mend.
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise RagasMissingError(
            f"ragas needs {error.name}, which is not installed; {HOW_TO_INSTALL}"
        ) from None
    except ImportError as error:
        raise RagasMissingError(
            f"ragas cannot be imported ({error}); {HOW_TO_INSTALL} with constraints.txt"
        ) from None
