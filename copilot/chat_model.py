"""Any LangChain chat model, behind one small port. The only place here that knows LangChain.

Other libraries' exceptions end here; what they say may hold a key or a prompt, and is not repeated.
"""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

from copilot.model_options import model_options, provider_of
from copilot.model_reply import Bounds, ModelFaultError, Piece, Prompt, Trouble
from foundation.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk
    from pydantic import SecretStr

_log = logging.getLogger("copilot.chat_model")
_EXTRAS = {"anthropic": "anthropic", "ollama": "ollama"}
# A prompt that is too long, refused or malformed is this prompt's fault, not the model's.
_PROMPTS_FAULT = frozenset({400, 413, 422})


class LangChainModel:
    """A chat model by its name as `init_chat_model` takes it, such as `openai:gpt-4.1-mini`.

    Made at once, so that a wrong name, a missing package or a missing key is told at the start:
    `ConfigurationError` in one line. No tracing, no cache, no retries of its own.
    """

    def __init__(
        self, name: str, *, base_url: str = "", api_key: "SecretStr | None" = None
    ) -> None:
        self.name = name
        self._base_url = base_url
        self._api_key = api_key
        self._lock = Lock()
        self._made: tuple[Bounds, BaseChatModel] | None = None
        self._client(
            Bounds(reply_tokens=600, silence_seconds=10.0, whole_seconds=45.0, temperature=0.0)
        )

    def stream(self, prompt: Prompt, bounds: Bounds) -> Iterator[Piece]:
        """The reply as it comes. Raises `ModelFaultError`, whatever goes wrong."""
        from langchain_core.messages import HumanMessage, SystemMessage
        from langsmith import tracing_context

        messages = [SystemMessage(prompt.system), HumanMessage(prompt.user)]
        try:
            # An operator's environment may have tracing on for other programs: it would send
            # questions and documents elsewhere.
            with tracing_context(enabled=False):
                for chunk in self._client(bounds).stream(messages, config={"callbacks": []}):
                    yield _piece(chunk)
        except Exception as error:  # noqa: BLE001 - every provider has its own tree
            fault = _fault(error)
            _log.info(
                "the chat model failed: %s %s (%s)",
                type(error).__name__, _status(error) or "", fault.trouble.value,
            )  # fmt: skip
            raise fault from None

    def _client(self, bounds: Bounds) -> "BaseChatModel":
        with self._lock:
            if self._made is None or self._made[0] != bounds:
                self._made = (bounds, self._make(bounds))
            return self._made[1]

    def _make(self, bounds: Bounds) -> "BaseChatModel":
        from langchain.chat_models import init_chat_model

        try:
            made: BaseChatModel = init_chat_model(self.name, **self._options(bounds))
        except ImportError as error:
            raise ConfigurationError(self._missing(error)) from None
        except Exception as error:  # noqa: BLE001 - every provider has its own tree
            raise ConfigurationError(
                f"COPILOT_CHAT_MODEL={self.name}: {self._told(error)}; it takes provider:name as "
                "LangChain's init_chat_model does, with COPILOT_CHAT_API_KEY and "
                "COPILOT_CHAT_BASE_URL where the provider needs them"
            ) from None
        made.cache = False
        return made

    def _options(self, bounds: Bounds) -> dict[str, Any]:
        options = model_options(
            self.name,
            url=self._base_url,
            key=self._api_key.get_secret_value() if self._api_key else "",
            reply_tokens=bounds.reply_tokens,
            seconds=bounds.silence_seconds,
            # Attempts are counted by who asks.
            retries=0,
            temperature=bounds.temperature,
        )
        return options | _bounded(provider_of(self.name), bounds.whole_seconds)

    def _missing(self, error: ImportError) -> str:
        provider = provider_of(self.name)
        if provider in _EXTRAS:
            how = f"pip install 'partner-copilot[{_EXTRAS[provider]}]'"
        else:
            how = self._told(error)
        return f"COPILOT_CHAT_MODEL={self.name} needs a package that is not installed: {how}"

    def _told(self, error: Exception) -> str:
        line = next(iter(str(error).splitlines()), "") or type(error).__name__
        key = self._api_key.get_secret_value() if self._api_key else ""
        return (line.replace(key, "***") if key else line).rstrip(". ")


def _bounded(provider: str, whole_seconds: float) -> dict[str, Any]:
    """What ends a reply that never ends by itself; nothing for providers that take no such thing.

    Whoever calls those leaves them alone after the time too, only the connection stays.
    """
    from copilot.bounded_client import bounded_client, ends_after

    if provider in {"openai", "azure_openai"}:
        return {"http_client": bounded_client(whole_seconds)}
    if provider == "ollama":
        hooks = {"response": [ends_after(whole_seconds)]}
        return {"sync_client_kwargs": {"event_hooks": hooks}}
    return {}


def _piece(chunk: "AIMessageChunk") -> Piece:
    """The chunk's text. Tool calls and a provider's separate reasoning are none, but are heard."""
    about = chunk.response_metadata
    ends = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason") or ""
    return Piece(text=str(chunk.text), ends=str(ends))


def _fault(error: Exception) -> ModelFaultError:
    status = _status(error)
    name = type(error).__name__
    if status is not None:
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return ModelFaultError(Trouble.BUSY, again=True, retry_after=_retry_after(error))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelFaultError(Trouble.DOWN, again=True, retry_after=_retry_after(error))
        return ModelFaultError(Trouble.DOWN, again=False, blamed=status not in _PROMPTS_FAULT)
    if "Timeout" in name:
        return ModelFaultError(Trouble.SLOW, again=True)
    if "Connect" in name or isinstance(error, OSError):
        return ModelFaultError(Trouble.DOWN, again=True)
    return ModelFaultError(Trouble.BROKEN_REPLY, again=True)


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and status >= HTTPStatus.BAD_REQUEST else None


def _retry_after(error: Exception) -> float:
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return max(0.0, float(headers.get("retry-after", 0)))
    except (TypeError, ValueError):
        return 0.0
