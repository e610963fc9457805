"""Sends notices to the one address that the operator has set, signed, until they have arrived.

Headers and signature are those of the Standard Webhooks scheme. A receiver checks the signature
over `webhook-id.webhook-timestamp.body`, refuses old timestamps, and drops ids it has seen: what
arrived without our hearing of it comes again.
"""

import json
import logging
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import anyio
import httpx

from foundation.settings import is_loopback
from foundation.webhook_signature import signature
from governance.notices import Notice, Outbox, Waiting

_log = logging.getLogger("copilot.webhooks")
_AT_ONCE = 50
SECONDS_TO_ANSWER = 10.0
"""From connecting to the head of the answer; its body is never read."""
WAITS_SECONDS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000)
"""Waits after each attempt that failed; after the last, about a day later, it is given up."""
_JITTER = 0.2
KEPT_WITHOUT_RECEIVER = timedelta(days=1)
# What programs compare, and what names nobody.
_AS_IT_IS = re.compile(r"(?:.*_)?(?:id|at|until)|tenant|signal|queue|priority|doc_type|kind|state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where notices go, and the key that they are signed with."""

    url: str
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How many notices arrived, wait for another attempt, and were given up."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


class WebhookSender:
    """Empties the outbox. `redact` takes out of a text what policy says must not leave."""

    def __init__(
        self,
        outbox: Outbox,
        receiver: Receiver | None,
        *,
        redact: Callable[[str], str],
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._receiver = receiver
        self._redact = redact
        self._count = count

    def deliver(self, now: datetime) -> Delivery:
        """Send what is due. Where no receiver is set, what is a day old is given up."""
        if self._receiver is None:
            return Delivery(dead=self._outbox.give_up(now - KEPT_WITHOUT_RECEIVER))
        due = self._outbox.due(now, _AT_ONCE)
        return anyio.run(self._deliver, self._receiver, due, now) if due else Delivery()

    async def _deliver(self, receiver: Receiver, due: Sequence[Waiting], now: datetime) -> Delivery:
        results = {"delivered": 0, "failed": 0, "dead": 0}
        # A proxy that the environment names is for the way out, not for this machine.
        outside = not is_loopback(urlsplit(receiver.url).hostname or "")
        async with httpx.AsyncClient(
            follow_redirects=False, timeout=SECONDS_TO_ANSWER, trust_env=outside
        ) as client:
            for waiting in due:
                notice = waiting.notice
                why = await self._attempt(client, receiver, notice, int(now.timestamp()))
                result = self._settle(notice, waiting.attempts, now, why)
                results[result] += 1
                self._count(result)
                if why and not why.startswith("status"):
                    # It is not there; the others would only wait for the same.
                    break
        return Delivery(**results)

    async def _attempt(
        self, client: httpx.AsyncClient, receiver: Receiver, notice: Notice, timestamp: int
    ) -> str:
        """Send once; why that failed, empty where it did not."""
        body = self._body(notice)
        headers = {
            "content-type": "application/json",
            "user-agent": "partner-copilot",
            "webhook-id": notice.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(
                receiver.key, notice_id=notice.id, timestamp=timestamp, body=body
            ),
        }
        try:
            # Timeouts of the client are for each step; this one is for all of them.
            with anyio.fail_after(SECONDS_TO_ANSWER):
                async with client.stream(
                    "POST", receiver.url, content=body, headers=headers
                ) as answer:
                    status = answer.status_code
        except (httpx.HTTPError, OSError) as error:
            # Not the message: it may name the address, which may be a secret.
            return type(error).__name__
        return "" if HTTPStatus(200) <= status < HTTPStatus(300) else f"status {status}"

    def _body(self, notice: Notice) -> bytes:
        payload = {
            "type": notice.kind.value,
            "timestamp": notice.at.isoformat(),
            "data": self._redacted(dict(notice.body)),
        }
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()

    def _redacted(self, value: object) -> object:
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, Mapping):
            return {
                key: one if _AS_IT_IS.fullmatch(key) else self._redacted(one)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self._redacted(one) for one in value]
        return value

    def _settle(self, notice: Notice, attempts: int, now: datetime, why: str) -> str:
        if not why:
            self._outbox.delivered(notice.id, now)
            return "delivered"
        if attempts >= len(WAITS_SECONDS):
            self._outbox.failed(notice.id, None)
            _log.error("notice %s is given up after %d attempts: %s", notice.id, attempts + 1, why)
            return "dead"
        wait = WAITS_SECONDS[attempts] * random.uniform(1 - _JITTER, 1 + _JITTER)
        self._outbox.failed(notice.id, now + timedelta(seconds=wait))
        _log.warning("notice %s did not arrive: %s; again in %d s", notice.id, why, wait)
        return "failed"
