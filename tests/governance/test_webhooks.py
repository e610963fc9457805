"""Notices over real HTTP on this machine: signed, redacted, sent again, and given up at last."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from foundation.database import Database, open_database
from foundation.webhook_signature import signing_key
from governance.notices import Notice, NoticeKind, Outbox, put
from governance.webhooks import (
    KEPT_WITHOUT_RECEIVER,
    WAITS_SECONDS,
    Delivery,
    Receiver,
    WebhookSender,
)
from tests.fakes.inbox import receiving

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CANARY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'c.db'}")
    yield opened
    opened.close()


def written(database: Database, **body: object) -> str:
    with database.write() as connection:
        return put(
            connection,
            Notice(kind=NoticeKind.SECURITY_EVENT, tenant="acme", body=body, at=NOW),
        )


def sender(database: Database, url: str, *, count: Callable[[str], None] = print) -> WebhookSender:
    return WebhookSender(
        Outbox(database),
        Receiver(url=url, key=signing_key(SECRET)),
        redact=lambda text: text.replace("kim@acme.example", "<EMAIL>"),
        count=count,
    )


def test_a_notice_arrives_once_and_its_signature_can_be_checked(database: Database) -> None:
    notice_id = written(database, signal="denials", count=30)
    with receiving() as inbox:
        found = sender(database, inbox.url)
        assert found.deliver(NOW) == Delivery(delivered=1)
        assert found.deliver(NOW + timedelta(days=1)) == Delivery()
    [one] = inbox.arrived
    assert json.loads(one.body) == {
        "type": "security.event",
        "timestamp": "2026-11-23T12:00:00+00:00",
        "data": {"signal": "denials", "count": 30},
    }
    assert one.headers["content-type"] == "application/json"
    assert one.headers["webhook-id"] == notice_id
    assert int(one.headers["webhook-timestamp"]) == int(NOW.timestamp())
    # As the scheme describes it, written once more without our code.
    signed = b".".join((notice_id.encode(), one.headers["webhook-timestamp"].encode(), one.body))
    expected = hmac.new(base64.b64decode(CANARY), signed, hashlib.sha256).digest()
    assert one.headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


def test_the_secret_is_nowhere_in_what_is_sent(database: Database) -> None:
    written(database, note="hello")
    with receiving() as inbox:
        sender(database, inbox.url).deliver(NOW)
    [one] = inbox.arrived
    told = one.body + repr(one.headers).encode()
    for form in (CANARY.encode(), bytes(range(32)), SECRET.encode()):
        assert form not in told


def test_after_a_500_it_comes_again_with_the_same_id_and_a_new_time(database: Database) -> None:
    notice_id = written(database)
    counted: list[str] = []
    with receiving() as inbox:
        inbox.statuses = [500]
        found = sender(database, inbox.url, count=counted.append)
        assert found.deliver(NOW) == Delivery(failed=1)
        assert found.deliver(NOW) == Delivery(), "not before its time"
        later = NOW + timedelta(seconds=2 * WAITS_SECONDS[0])
        assert found.deliver(later) == Delivery(delivered=1)
    first, second = inbox.arrived
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == notice_id
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert counted == ["failed", "delivered"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_leads_nowhere(database: Database, status: int) -> None:
    written(database)
    with receiving() as inbox:
        inbox.statuses = [status]
        assert sender(database, inbox.url).deliver(NOW) == Delivery(failed=1)
    assert inbox.paths == ["/"]


def test_it_is_tried_for_about_a_day_and_then_given_up(database: Database) -> None:
    written(database)
    with receiving() as inbox:
        inbox.statuses = [503] * 20
        found = sender(database, inbox.url)
        now, results = NOW, []
        while Outbox(database).waiting():
            results.append(found.deliver(now))
            now += timedelta(minutes=5)
    assert results[-1] == Delivery(dead=1)
    assert len(inbox.arrived) == len(WAITS_SECONDS) + 1
    assert timedelta(hours=18) < now - NOW < timedelta(hours=30)


def test_a_receiver_that_refuses_one_gets_the_others(database: Database) -> None:
    written(database)
    written(database)
    with receiving() as inbox:
        inbox.statuses = [400]
        assert sender(database, inbox.url).deliver(NOW) == Delivery(failed=1, delivered=1)


def test_where_nobody_listens_only_one_is_tried(database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    written(database)
    written(database)
    assert sender(database, f"http://127.0.0.1:{port}/").deliver(NOW) == Delivery(failed=1)
    assert Outbox(database).waiting() == 2


def test_an_answer_without_end_is_not_read(database: Database) -> None:
    stop = threading.Event()

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not stop.wait(0.001):
                handler.wfile.write(b"x" * 65_536)
        except OSError:
            pass

    written(database)
    started = time.monotonic()
    with receiving(endless) as inbox:
        try:
            assert sender(database, inbox.url).deliver(NOW) == Delivery(delivered=1)
        finally:
            stop.set()
    assert time.monotonic() - started < 8


def test_one_who_never_answers_is_left_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.webhooks.SECONDS_TO_ANSWER", 0.3)
    stop = threading.Event()

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        # Each byte comes in time; the answer does not.
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not stop.wait(0.1):
                handler.wfile.write(b"X-A: b\r\n")
        except OSError:
            pass

    written(database)
    with receiving(dripping) as inbox:
        try:
            assert sender(database, inbox.url).deliver(NOW) == Delivery(failed=1)
        finally:
            stop.set()


def test_texts_are_redacted_and_what_programs_compare_is_not(database: Database) -> None:
    written(
        database,
        subject="kim@acme.example",
        tenant="kim@acme.example",
        document_id="doc_1",
        seen=[{"note": "ask kim@acme.example"}],
    )
    with receiving() as inbox:
        sender(database, inbox.url).deliver(NOW)
    [one] = inbox.arrived
    assert json.loads(one.body)["data"] == {
        "subject": "<EMAIL>",
        "tenant": "kim@acme.example",
        "document_id": "doc_1",
        "seen": [{"note": "ask <EMAIL>"}],
    }


def test_a_failure_is_logged_without_the_address(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    written(database)
    sender(database, f"http://127.0.0.1:{port}/hook/canary-path").deliver(NOW)
    assert "did not arrive" in caplog.text
    assert "canary-path" not in caplog.text


def test_without_a_receiver_nothing_is_sent_and_the_past_is_given_up(database: Database) -> None:
    written(database)
    found = WebhookSender(Outbox(database), None, redact=str)
    assert found.deliver(NOW) == Delivery()
    assert found.deliver(NOW + KEPT_WITHOUT_RECEIVER * 2) == Delivery(dead=1)
    assert Outbox(database).waiting() == 0
