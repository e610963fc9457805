"""The judge: any LangChain chat model, asked for JSON, its calls and tokens counted."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from pydantic import ValidationError

from copilot.budget import tokens_of
from copilot.model_options import model_options, provider_of
from foundation.errors import ConfigurationError
from foundation.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

TIME_LIMIT = 60.0
"""Seconds for one reply."""
_RETRIES = 1
# Enough for the verdicts on a long answer; a model that rambles must not cost without end.
_REPLY_TOKENS = 4096
_MOST_IN_A_ROW = 5
_MILLION = 1_000_000


class JudgeModelError(ConfigurationError):
    """The judge model is not set, or cannot be made from its settings."""


class JudgeSilentError(Exception):
    """The judge gave no reply. Never leaves `eval`: it becomes the reason of a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReply:
    """A reply, and what it took. Tokens are estimated where the model does not tell them."""

    text: str
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeUse:
    """What judging took. `cached` replies were kept from before and cost nothing.

    `failed` calls brought no reply, `unusable` replies were not what was asked for. `cost` is in
    the currency of the price in the settings; None without a price.
    """

    model: str
    runs: int = 1
    calls: int = 0
    cached: int = 0
    failed: int = 0
    unusable: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None


class Replies(Protocol):
    """What replies to a prompt: a chat model, or a stand-in."""

    @property
    def name(self) -> str:
        """The model, as the settings name it, with its endpoint."""

    def reply(self, prompt: str) -> JudgeReply:
        """The reply to one prompt. Raises `JudgeSilentError` where there is none."""


class ChatJudge:
    """A LangChain chat model as a judge."""

    def __init__(self, model: "BaseChatModel", name: str) -> None:
        self._model = model
        self._name = name

    @property
    def name(self) -> str:
        """The model, as the settings name it, with its endpoint."""
        return self._name

    def reply(self, prompt: str) -> JudgeReply:
        """The reply to one prompt. Raises `JudgeSilentError` where there is none."""
        from langsmith import tracing_context

        try:
            # An operator's environment may have tracing on for other programs: it would send
            # questions and documents elsewhere.
            with tracing_context(enabled=False):
                message = self._model.invoke(prompt, config={"callbacks": []})
        except Exception as error:  # noqa: BLE001 - each provider has its own
            raise JudgeSilentError(_failure(error)) from None
        text = message.text if isinstance(message.text, str) else str(message.content)
        used: Any = getattr(message, "usage_metadata", None) or {}
        return JudgeReply(
            text=text,
            input_tokens=int(used.get("input_tokens") or 0) or tokens_of(prompt),
            output_tokens=int(used.get("output_tokens") or 0) or tokens_of(text),
        )


class CountedJudge:
    """Counts what a judge costs, and stops asking one that is gone."""

    def __init__(
        self, judge: Replies, *, runs: int = 1, price: tuple[float, float] | None = None
    ) -> None:
        self._judge = judge
        self._price = price
        self._lock = threading.Lock()
        self._use = JudgeUse(model=judge.name, runs=runs)
        self._silent_in_a_row = 0

    @property
    def name(self) -> str:
        """The judge's name."""
        return self._judge.name

    @property
    def use(self) -> JudgeUse:
        """What it took so far."""
        if self._price is None:
            return self._use
        into, out = self._price
        tokens = self._use.input_tokens * into + self._use.output_tokens * out
        return replace(self._use, cost=tokens / _MILLION)

    def reply(self, prompt: str) -> str:
        """The reply to a prompt. Raises `JudgeSilentError` where there is none."""
        if self._silent_in_a_row >= _MOST_IN_A_ROW:
            raise JudgeSilentError(
                f"the judge failed {_MOST_IN_A_ROW} times in a row and was not asked again"
            )
        self._count(calls=1)
        try:
            found = self._judge.reply(prompt)
        except JudgeSilentError as error:
            self._count(failed=1)
            self._silent_in_a_row += 1
            raise JudgeSilentError(f"the judge gave no reply: {error}") from None
        self._silent_in_a_row = 0
        self._count(input_tokens=found.input_tokens, output_tokens=found.output_tokens)
        return found.text

    def count_cached(self) -> None:
        """A reply was there already."""
        self._count(cached=1)

    def count_unusable(self) -> None:
        """A reply was not what was asked for."""
        self._count(unusable=1)

    def count_timeout(self) -> None:
        """A reply did not come in time."""
        self._silent_in_a_row += 1
        self._count(failed=1)

    def _count(self, **more: int) -> None:
        with self._lock:
            total = {name: getattr(self._use, name) + number for name, number in more.items()}
            self._use = replace(self._use, **total)


def judge_from(settings: Settings) -> ChatJudge:
    """The judge that the settings name. Raises `JudgeModelError` that says what to set or install.

    Endpoint and key of the chat model serve the judge too where it has none of its own and comes
    from the same provider: a key must not travel to another, and without a chat model nobody
    knows whose it is.
    """
    name = settings.judge_model
    if not name:
        raise JudgeModelError("no judge is set; name a model in COPILOT_JUDGE_MODEL (openai:NAME)")
    from langchain.chat_models import init_chat_model

    url, key = settings.judge_base_url, settings.judge_api_key
    same = bool(settings.chat_model) and provider_of(settings.chat_model) == provider_of(name)
    if not url and key is None and same:
        url, key = settings.chat_base_url, settings.chat_api_key
    options = model_options(
        name,
        url=url,
        key=key.get_secret_value() if key is not None else "",
        reply_tokens=_REPLY_TOKENS,
        seconds=TIME_LIMIT,
        retries=_RETRIES,
        temperature=0,
    )
    try:
        model: BaseChatModel = init_chat_model(name, **options)
    except ImportError as error:
        raise JudgeModelError(f"COPILOT_JUDGE_MODEL {name!r}: {_line(error)}") from None
    except Exception as error:  # noqa: BLE001 - each provider has its own way to refuse
        raise JudgeModelError(
            f"COPILOT_JUDGE_MODEL {name!r} cannot be used: {_why(error)}; is it provider:name, and "
            "is COPILOT_JUDGE_API_KEY set?"
        ) from None
    # Ours keeps usable replies only, and by run.
    model.cache = False
    return ChatJudge(model, f"{name} at {_shown(url)}" if url else name)


def price_of(settings: Settings) -> tuple[float, float] | None:
    """Price of a million tokens into and out of the judge; None where the settings name none."""
    if not settings.judge_price:
        return None
    into, _, out = settings.judge_price.partition(",")
    return float(into), float(out)


def in_thread(
    work: Callable[[], str], done: Callable[[str | None, Exception | None], None]
) -> None:
    """Do blocking work in a thread that holds up nobody's exit, and tell how it ended."""

    def run() -> None:
        try:
            found = work()
        except Exception as error:  # noqa: BLE001 - handed on to who waits
            done(None, error)
        else:
            done(found, None)

    threading.Thread(target=run, daemon=True, name="judge").start()


def _shown(url: str) -> str:
    """An address without user, password and what follows a question mark."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _failure(error: Exception) -> str:
    # Nothing that the server says: it may repeat a prompt, or a key, wherever that came from.
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    return f"{name} (HTTP status {status})" if isinstance(status, int) else name


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        # Without what was put in, which may be the key.
        return error.errors(include_input=False, include_url=False, include_context=False)[0]["msg"]
    return type(error).__name__


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
