"""Tokens of another issuer: RS256 and ES256, with the keys that it publishes under a URL.

Keys are kept. They are fetched again when they are no longer fresh, off the request's path, and
when a token names a key that is not among them, at most once in a while: made-up names must not
become requests to the issuer. While the issuer does not answer, the keys that are kept go on.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import httpx
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from foundation.clock import Clock
from foundation.errors import ConfigurationError
from governance.identity import CredentialKind, Identity, Refusal, UnauthenticatedError
from governance.signed_tokens import (
    PEOPLE_TYPES,
    Expected,
    Header,
    header_of,
    in_time,
    person_of,
    verified,
)

_log = logging.getLogger("copilot.identity")
FRESH_SECONDS = 300.0
"""So long keys are used without asking for them again: a key taken back ends after it."""
REFETCH_SECONDS = 10.0
"""How often unknown key names may cause a fetch, but for the first few."""
REFETCHES_AT_ONCE = 3
"""So many at once: a key that was just changed is known at once."""
TIMEOUT_SECONDS = 5.0
"""For each step of a fetch; twice that for the whole of it."""
_LARGEST = 256 * 1024
_MOST_KEYS = 100
_MOST_WAITING = 3
_SMALLEST_RSA_BITS = 2_048
_OK = 200
# What is packed could be larger than what was counted.
_PLAINLY = MappingProxyType({"Accept": "application/json", "Accept-Encoding": "identity"})
_ALGORITHMS: Mapping[str, str] = MappingProxyType({"RSA": "RS256", "EC": "ES256"})


class KeysUnavailableError(ConfigurationError):
    """The issuer's keys could not be fetched, or are none. Says which address and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerKey:
    """A public key and the one algorithm that it is for."""

    id: str | None
    algorithm: str
    key: PyJWK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    keys: tuple[IssuerKey, ...]
    at: float


class IssuerKeys:
    """The keys under a JWKS URL, kept. Threads may share it. `seconds` is a monotonic clock."""

    def __init__(self, url: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._seconds = seconds
        self._fetching = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._tried = self._counted = seconds()
        self._allowed = float(REFETCHES_AT_ONCE)
        try:
            self._fetched = _Fetched(keys=self._fetch(), at=self._tried)
        except KeysUnavailableError as error:
            raise KeysUnavailableError(f"COPILOT_JWT_JWKS_URL: {error}") from None

    def named(self, key_id: str | None) -> tuple[IssuerKey, ...]:
        """The keys of this name, at most one an algorithm; empty where there is none.

        A token without a key's name fits only where it cannot be any other key.
        """
        self._keep_fresh()
        found = _chosen(self._fetched.keys, key_id)
        if found or not self._fetched_again():
            return found
        return _chosen(self._fetched.keys, key_id)

    def known(self, key_id: str | None) -> bool:
        """Whether there is a key of this name already."""
        return bool(_chosen(self._fetched.keys, key_id))

    def _keep_fresh(self) -> None:
        now = self._seconds()
        if now - self._fetched.at < FRESH_SECONDS or now - self._tried < REFETCH_SECONDS:
            return
        self._tried = now
        # Whoever asks meanwhile is answered by the keys that there are.
        threading.Thread(target=self._fetched_again, name="issuer-keys", daemon=True).start()

    def _fetched_again(self) -> bool:
        seen = self._fetched
        # Whoever makes up names while the issuer is slow must not hold up everybody else.
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            with self._fetching:
                # Another may have been waiting for the same, and have it.
                return self._fetched is not seen or self._try_to_fetch()
        finally:
            self._waiting.release()

    def _try_to_fetch(self) -> bool:
        now = self._seconds()
        earned = (now - self._counted) / REFETCH_SECONDS
        self._allowed = min(float(REFETCHES_AT_ONCE), self._allowed + earned)
        self._counted = now
        if self._allowed < 1:
            return False
        self._allowed -= 1
        try:
            self._fetched = _Fetched(keys=self._fetch(), at=now)
        except KeysUnavailableError as error:
            _log.error("the keys that are known stay in use: %s", error)
            return False
        return True

    def _fetch(self) -> tuple[IssuerKey, ...]:
        where = _shown(self._url)
        try:
            document = json.loads(self._download())
        except (httpx.HTTPError, OSError) as error:
            message = f"the keys at {where} cannot be fetched ({type(error).__name__}); "
            raise KeysUnavailableError(f"{message}check the address and that it answers") from None
        except (ValueError, RecursionError):
            raise KeysUnavailableError(f"what {where} sends is not JSON") from None
        listed = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            message = f"what {where} sends is no key set with at most {_MOST_KEYS} keys (RFC 7517)"
            raise KeysUnavailableError(message)
        keys = tuple(key for one in listed if (key := _key(one)) is not None)
        if not keys:
            message = f"no key at {where} is for RS256 (2048 bits or more) or ES256"
            raise KeysUnavailableError(message)
        return keys

    def _download(self) -> bytes:
        where, ends = _shown(self._url), time.monotonic() + 2 * TIMEOUT_SECONDS
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
            client.stream("GET", self._url, headers=_PLAINLY) as response,
        ):
            if response.status_code != _OK:
                raise KeysUnavailableError(f"{where} answers with {response.status_code}, not 200")
            received = bytearray()
            for part in response.iter_raw(8_192):
                received += part
                if len(received) > _LARGEST:
                    message = f"{where} sends more than {_LARGEST // 1024} KiB; that is no key set"
                    raise KeysUnavailableError(message)
                # Each part in time is not the whole in time.
                if time.monotonic() > ends:
                    raise KeysUnavailableError(f"{where} sends too slowly")
            return bytes(received)


class IssuerTokens:
    """Verifies the tokens of the issuer whose keys these are."""

    def __init__(self, *, keys: IssuerKeys, issuer: str, audience: str, clock: Clock) -> None:
        self._keys = keys
        self._expected = Expected(issuer=issuer, audience=audience)
        self._clock = clock

    def waits(self, token: str) -> bool:
        """Whether the token names a key that is not known, so that the issuer may be asked."""
        try:
            return not self._keys.known(header_of(token).key_id)
        except UnauthenticatedError:
            return False

    def identify(self, token: str, header: Header) -> Identity:
        """Whom a token proves; `UnauthenticatedError` for any other token.

        The key decides on the algorithm. What the token says of it only has to agree.
        """
        if header.type not in PEOPLE_TYPES:
            raise UnauthenticatedError(reason=Refusal.UNTRUSTED_HEADER)
        keys = self._keys.named(header.key_id)
        if not keys:
            raise UnauthenticatedError(reason=Refusal.UNKNOWN_KEY)
        claims = self._verified(token, keys)
        return in_time(person_of(claims, CredentialKind.ISSUER_TOKEN), claims, self._clock())

    def _verified(self, token: str, keys: tuple[IssuerKey, ...]) -> Mapping[str, Any]:
        *others, last = keys
        for one in others:
            try:
                return self._with(token, one)
            except UnauthenticatedError as error:
                if error.reason is not Refusal.WRONG_ALGORITHM:
                    raise
        return self._with(token, last)

    def _with(self, token: str, key: IssuerKey) -> Mapping[str, Any]:
        return verified(token, key=key.key, algorithm=key.algorithm, expected=self._expected)


def _chosen(keys: tuple[IssuerKey, ...], key_id: str | None) -> tuple[IssuerKey, ...]:
    if key_id is None:
        algorithms = {one.algorithm for one in keys}
        return keys if len(algorithms) == len(keys) else ()
    found = {one.algorithm: one for one in reversed(keys) if one.id == key_id}
    return tuple(found.values())


def _key(found: object) -> IssuerKey | None:
    """A key that may sign tokens; None for any other, private ones included."""
    if not isinstance(found, dict):
        return None
    algorithm = _ALGORITHMS.get(str(found.get("kty")))
    key_id, operations = found.get("kid"), found.get("key_ops", ["verify"])
    if (
        algorithm is None
        or found.get("alg", algorithm) != algorithm
        or found.get("use", "sig") != "sig"
        or not (isinstance(operations, list) and "verify" in operations)
        or not (key_id is None or isinstance(key_id, str))
        or (algorithm == "ES256" and found.get("crv") != "P-256")
        or "d" in found
    ):
        return None
    try:
        key = PyJWK.from_dict(found, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    if algorithm == "RS256" and key.key.key_size < _SMALLEST_RSA_BITS:
        return None
    return IssuerKey(id=key_id, algorithm=algorithm, key=key)


def _shown(url: str) -> str:
    # An address may carry a name and a password, or a secret in its query.
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
