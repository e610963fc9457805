"""Origins of web pages, as browsers write them (RFC 6454), and where a request says it is from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from foundation.errors import InvalidRequestError

LONGEST_ORIGIN = 120
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a request's headers say about the page that sent it; each as often as it came."""

    origins: Sequence[str] = ()
    fetch_sites: Sequence[str] = ()
    hosts: Sequence[str] = ()

    def is_at(self, origin: str) -> bool:
        """Whether a page of this origin sent it.

        A browser leaves `Origin` out where a page only reads from its own host; then it says so
        in `Sec-Fetch-Site`, which no page can set.
        """
        if self.origins:
            return list(self.origins) == [origin]
        hosts = [one.casefold() for one in self.hosts]
        return list(self.fetch_sites) == ["same-origin"] and hosts == [origin.partition("://")[2]]


def checked_origin(text: str) -> str:
    """The origin, where it is written exactly as a browser sends it.

    Raises `InvalidRequestError`, which says how to write it: an origin that no browser ever sends
    would be a rule that nothing can keep.
    """
    scheme, sign, rest = text.partition("://")
    host, port = _parted(rest)
    if (
        not sign
        or scheme not in _PORTS
        or len(text) > LONGEST_ORIGIN
        or not _HOST.fullmatch(host)
        or ".." in host
        or (port and not (_PORT.fullmatch(port) and int(port) <= _HIGHEST_PORT))
        or (rest.endswith(":"))
    ):
        raise InvalidRequestError(
            "an origin is written as a browser sends it: https://host or https://host:port, in "
            f"lower case, without a path, in at most {LONGEST_ORIGIN} characters"
        )
    if port and int(port) == _PORTS[scheme]:
        raise InvalidRequestError(
            f"browsers leave the port {port} of {scheme} out of an origin; write {scheme}://{host}"
        )
    return text


def _parted(rest: str) -> tuple[str, str]:
    closing = rest.rfind("]")
    host, _, port = rest[closing + 1 :].partition(":")
    return (rest[: closing + 1] + host, port)
