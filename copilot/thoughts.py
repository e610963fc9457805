"""Takes a reasoning model's thoughts out of its reply as it comes: they are not the answer."""

import re

_NAMES = r"(?:think(?:ing)?|reason(?:ing)?|thought|analysis|scratchpad)"
_OPEN = re.compile(rf"<{_NAMES}\b[^<>]{{0,40}}>", re.IGNORECASE)
_CLOSE = re.compile(rf"</{_NAMES}\s*>", re.IGNORECASE)
_BEGUN = re.compile(r"</?[a-z]{0,12}[^<>]{0,40}$", re.IGNORECASE)


class Thoughts:
    """Feed it a reply in pieces. Thoughts that never end take the rest of the reply with them."""

    def __init__(self) -> None:
        self._waiting = ""
        self._inside = False

    def outside(self, text: str) -> tuple[str, bool]:
        """What is not thought, and whether all that came before it was.

        Some servers send the end of the thoughts only, their beginning being in the prompt.
        """
        self._waiting += text
        out, all_before = "", False
        while True:
            if self._inside:
                closed = _CLOSE.search(self._waiting)
                if closed is None:
                    # No more than may be the beginning of the end.
                    self._waiting = self._waiting[-20:]
                    return out, all_before
                self._waiting = self._waiting[closed.end() :]
                self._inside = False
                continue
            opened, closed = _OPEN.search(self._waiting), _CLOSE.search(self._waiting)
            if closed is not None and (opened is None or closed.start() < opened.start()):
                out, all_before = "", True
                self._waiting = self._waiting[closed.end() :]
            elif opened is not None:
                out += self._waiting[: opened.start()]
                self._waiting = self._waiting[opened.end() :]
                self._inside = True
            else:
                begun = _BEGUN.search(self._waiting)
                upto = begun.start() if begun else len(self._waiting)
                out += self._waiting[:upto]
                self._waiting = self._waiting[upto:]
                return out, all_before

    def rest(self) -> str:
        """What was held back as the possible beginning of a thought, and was none."""
        return "" if self._inside else self._waiting
