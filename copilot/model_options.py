"""What LangChain's `init_chat_model` is told, which each provider calls by another name."""

from typing import Any

_NO_KEY = "none"


def provider_of(name: str) -> str:
    """The provider of `provider:name`, as LangChain reads it (`Azure-OpenAI` is `azure_openai`)."""
    return name.partition(":")[0].replace("-", "_").lower()


def model_options(  # noqa: PLR0913 - one call has this many bounds
    name: str,
    *,
    url: str,
    key: str,
    reply_tokens: int,
    seconds: float,
    retries: int,
    temperature: float | None,
) -> dict[str, Any]:
    """The options of a model that writers and judges are made with. Empty `url`, `key`: none."""
    provider = provider_of(name)
    options: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
    if provider == "ollama":
        headers = {"headers": {"Authorization": f"Bearer {key}"}} if key else {}
        return options | {
            "num_predict": reply_tokens,
            "client_kwargs": {"timeout": seconds, **headers},
            **({"base_url": url} if url else {}),
        }
    options |= {"max_tokens": reply_tokens, "timeout": seconds, "max_retries": retries}
    if provider == "azure_openai":
        options["azure_deployment"] = name.partition(":")[2]
    if url:
        options["azure_endpoint" if provider == "azure_openai" else "base_url"] = url
        # Never a key of the environment to an address that it was not made for.
        options["api_key"] = key or _NO_KEY
    elif key:
        options["api_key"] = key
    return options
