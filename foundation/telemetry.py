"""Counts and timings that an operator watches, in Prometheus' text format.

The registry is an object that is passed in, not a global, so that two applications in one
process (as in tests) do not add up.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LATENCY_BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """The metrics of one application. No label carries a tenant, a question or a document."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.outcomes = Counter(
            "copilot_outcomes", "Outcomes by kind", ["kind"], registry=self.registry
        )
        self.requests = Counter(
            "copilot_http_requests",
            "HTTP requests by route template, method and status",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.latency_seconds = Histogram(
            "copilot_http_request_seconds",
            "HTTP request duration in seconds by route template",
            ["route"],
            buckets=_LATENCY_BUCKETS_SECONDS,
            registry=self.registry,
        )

        self.limited = Counter(
            "copilot_limited_requests", "Requests beyond a limit", ["limit"], registry=self.registry
        )
        self.limit_counter_failures = Counter(
            "copilot_limit_counter_failures",
            "How often the shared counters of limits did not answer",
            registry=self.registry,
        )
        self.security_events = Counter(
            "copilot_security_events", "Security events", ["signal"], registry=self.registry
        )
        self.notices = Counter(
            "copilot_notices",
            "Attempts to deliver a notice, by how they ended",
            ["result"],
            registry=self.registry,
        )
        self.jobs = Counter(
            "copilot_jobs",
            "Runs of housekeeping's jobs, by how they ended",
            ["job", "result"],
            registry=self.registry,
        )
        self.model_calls = Counter(
            "copilot_model_calls",
            "Calls of the chat model, by how they ended",
            ["result"],
            registry=self.registry,
        )
        self.model_retries = Counter(
            "copilot_model_retries", "Attempts that were made again", registry=self.registry
        )
        self.model_tokens = Counter(
            "copilot_model_tokens",
            "Tokens of prompts and of replies, counted by cl100k_base",
            ["of"],
            registry=self.registry,
        )
        self.model_sentences = Counter(
            "copilot_model_sentences",
            "Sentences of the chat model, by whether the documents support them",
            ["result"],
            registry=self.registry,
        )
        self.model_first_word_seconds = Histogram(
            "copilot_model_first_word_seconds",
            "Seconds until the chat model's first word",
            buckets=_LATENCY_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self.model_breaker = Gauge(
            "copilot_model_breaker",
            "Whether the chat model is left alone: 0 no, 0.5 one call tries, 1 yes",
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text exposition format."""
        return generate_latest(self.registry)
