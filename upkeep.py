"""What the house does by itself: its jobs, made of its parts."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assembly import Assembly
    from foundation.telemetry import Telemetry
    from governance.housekeeping import Housekeeping
    from governance.webhooks import WebhookSender

WEBHOOKS_EVERY = timedelta(seconds=5)
REVIEWS_EVERY = timedelta(minutes=15)
TIDYING_EVERY = timedelta(hours=1)
DAILY = timedelta(days=1)


def housekeeping(assembly: "Assembly", telemetry: "Telemetry") -> "Housekeeping":
    """All jobs of the house. Nothing is opened before a job runs that needs it."""
    from governance.housekeeping import Housekeeping, Job

    return Housekeeping(
        assembly.database,
        assembly.clock,
        (
            Job(name="webhooks", every=WEBHOOKS_EVERY, run=_webhooks(assembly, telemetry)),
            Job(name="reviews", every=REVIEWS_EVERY, run=lambda now: _reviews(assembly, now)),
            Job(name="revocations", every=TIDYING_EVERY, run=lambda now: _tidied(assembly, now)),
            Job(name="deletions", every=TIDYING_EVERY, run=lambda now: _deletions(assembly, now)),
            Job(name="retention", every=DAILY, run=lambda now: _retention(assembly, now)),
            Job(name="anchors", every=DAILY, run=lambda now: _anchors(assembly, now)),
        ),
        count=lambda job, result: telemetry.jobs.labels(job=job, result=result).inc(),
    )


def webhook_sender(assembly: "Assembly", telemetry: "Telemetry") -> "WebhookSender":
    """Sends notices to where the settings say."""
    from foundation.webhook_signature import signing_key
    from governance.notices import Outbox
    from governance.webhooks import Receiver, WebhookSender

    settings = assembly.settings
    receiver = None
    if settings.webhook_url is not None and settings.webhook_secret is not None:
        receiver = Receiver(
            url=str(settings.webhook_url.get_secret_value()),
            key=signing_key(settings.webhook_secret.get_secret_value()),
        )

    def redacted(text: str) -> str:
        kinds = assembly.policy.current().redaction.webhooks
        return assembly.redactor.redact(text, kinds).text

    return WebhookSender(
        Outbox(assembly.database),
        receiver,
        redact=redacted,
        count=lambda result: telemetry.notices.labels(result=result).inc(),
    )


def _webhooks(assembly: "Assembly", telemetry: "Telemetry") -> Callable[[datetime], str]:
    def deliver(now: datetime) -> str:
        done = webhook_sender(assembly, telemetry).deliver(now)
        return f"{done.delivered} delivered, {done.failed} to be tried again, {done.dead} given up"

    return deliver


def _reviews(assembly: "Assembly", now: datetime) -> str:
    done = assembly.documents.reviews.run(now)
    return f"{done.reminded} reminded of, {done.overdue + done.ended} expired"


def _deletions(assembly: "Assembly", _now: datetime) -> str:
    left = assembly.documents.deletions.finish()
    return "; ".join(left) if left else "nothing is left of what was deleted"


def _tidied(assembly: "Assembly", now: datetime) -> str:
    from governance.derived_texts import forget_old

    old = forget_old(assembly.database, now)
    return f"{assembly.access.revocations.forget(now)} revocations and {old} texts forgotten"


def _retention(assembly: "Assembly", now: datetime) -> str:
    gone = sum(one.count for one in assembly.retention.apply(now) if not one.held)
    return f"{gone} records taken out"


def _anchors(assembly: "Assembly", now: datetime) -> str:
    from governance.audit.anchors import append_anchors

    elsewhere = assembly.policy.current().audit.anchor_file
    files = [assembly.own_anchors_file, *([elsewhere] if elsewhere else [])]
    written = [append_anchors(assembly.database, file, now) for file in files]
    return f"{sum(written)} heads written to {len(files)} files"
