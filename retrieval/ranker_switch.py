"""Whether the trained ranker is on. Which one was switched on is remembered by its bytes.

A ranker that was trained again, or changed by hand, has not been switched on by anybody.
"""

import hashlib
import logging
from pathlib import Path
from typing import Final

from foundation.clock import Clock
from foundation.database import Database, read_text, write_text
from foundation.errors import ConfigurationError, ConflictError, CopilotError
from governance.audit import CONSOLE, HOUSE, Action, AuditEvent, record
from retrieval.ranker import (
    MANIFEST,
    REMEDY,
    LearnedRanker,
    RankerManifest,
    check_fits,
    read_manifest,
)
from retrieval.sentence_vectors import SentenceVectors

_KEY: Final = "ranker"
_log = logging.getLogger("copilot.ranker")


class RankerSwitch:
    """Turns the ranker in `folder` on and off, on the record, and says what is on."""

    def __init__(self, *, database: Database, folder: Path, embedder: str, clock: Clock) -> None:
        self._database = database
        self._folder = folder
        self._embedder = embedder
        self._clock = clock

    def ready(self) -> RankerManifest:
        """The trained ranker, if it may be used. Raises where there is none that fits and helps."""
        manifest = self._fitting()
        if not manifest.helps:
            raise ConflictError(
                "the trained ranker did not help on the questions it was measured on, so it is "
                f"not switched on; {REMEDY} when there are more documents or labelled cases"
            )
        return manifest

    def use(self) -> RankerManifest:
        """Switch the trained ranker on. Raises where there is none that fits and helps."""
        manifest = self.ready()
        self._put(self._digest(), {"trained_on": manifest.trained_on.fingerprint})
        return manifest

    def turn_off(self) -> None:
        """Go back to the ranking that ships."""
        self._put("", {})

    def current(self, sentences: SentenceVectors) -> LearnedRanker | None:
        """The ranker that is on; None where none is. Raises where it cannot be used."""
        with self._database.read() as connection:
            chosen = read_text(connection, _KEY)
        if not chosen:
            return None
        manifest = self._fitting()
        if chosen != self._digest():
            raise ConfigurationError(
                f"the ranker in {self._folder} is not the one that was switched on; look at it "
                "and switch it on with `partner-copilot eval adapt --use`"
            )
        return LearnedRanker(weights=manifest.weights.weights(), sentences=sentences)

    def _fitting(self) -> RankerManifest:
        manifest = read_manifest(self._folder)
        if manifest is None:
            raise ConflictError(f"there is no ranker in {self._folder}; {REMEDY}")
        check_fits(manifest, self._embedder)
        return manifest

    def _digest(self) -> str:
        return hashlib.sha256((self._folder / MANIFEST).read_bytes()).hexdigest()

    def _put(self, chosen: str, details: dict[str, object]) -> None:
        with self._database.write() as connection:
            write_text(connection, _KEY, chosen)
            record(
                connection,
                AuditEvent(
                    tenant=HOUSE,
                    at=self._clock(),
                    action=Action.RANKER_CHANGED,
                    actor=CONSOLE,
                    target="on" if chosen else "off",
                    details=details,
                ),
            )


def current_ranker(switch: RankerSwitch, sentences: SentenceVectors) -> LearnedRanker | None:
    """The ranker that is on, or none: one that cannot be used costs nobody their search."""
    try:
        return switch.current(sentences)
    except CopilotError as error:
        _log.warning("the trained ranker is not used: %s", error)
        return None
