"""Every setting, from the environment (`COPILOT_…`) or a `.env` file, checked once at start.

Nothing reads the environment but this module, and nothing builds `Settings` at import.
"""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import (
    AnyHttpUrl,
    Field,
    Secret,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.errors import ConfigurationError
from foundation.webhook_signature import signing_key

_PREFIX = "COPILOT_"
_HOST = r"(?:[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])"
_ORIGIN = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?")


class Settings(BaseSettings):
    """The whole configuration, frozen. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        # What does not fit may be a secret in the wrong place.
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        default=Path(".partner-copilot"),
        description="Folder that holds the database, the index, the blobs and the secrets.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL; empty: SQLite in the data folder.",
    )
    qdrant_url: AnyHttpUrl | None = Field(
        default=None, description="Qdrant server or cluster; empty: Qdrant Edge in the data folder."
    )
    qdrant_api_key: SecretStr | None = Field(default=None, description="Key of the Qdrant server.")
    blobs_url: SecretStr | None = Field(
        default=None, description="fsspec URL for original files; empty: the data folder."
    )
    embedder: str = Field(
        default="all-MiniLM-L6-v2",
        description="sentence-transformers model: all-MiniLM-L6-v2 (packaged), a name or a folder.",
    )
    embedder_dtype: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto",
        description="Precision of the embedder; auto: bfloat16 where the CPU computes in it.",
    )
    reranker: str = Field(default="", description="Cross-encoder to re-rank with; empty: none.")
    chat_model: str = Field(
        default="",
        description="LangChain chat model that words answers, as init_chat_model takes it: "
        "`openai:NAME`, `azure_openai:DEPLOYMENT`, `anthropic:NAME`, `ollama:NAME`; "
        "empty: answers are quoted.",
    )
    chat_base_url: str = Field(
        default="",
        description="Endpoint of the chat model; with `openai:NAME` any that is compatible "
        "(vLLM, llama.cpp); empty: the provider's own.",
    )
    chat_api_key: SecretStr | None = Field(
        default=None,
        description="Key of the chat model; empty: the provider's own variable, or none with "
        "COPILOT_CHAT_BASE_URL.",
    )
    judge_model: str = Field(
        default="",
        description="LangChain chat model that judges evaluations, `provider:name`; empty: none.",
    )
    judge_base_url: str = Field(
        default="",
        description="Endpoint of the judge; empty: the provider's, or the chat model's where one "
        "of that provider is set.",
    )
    judge_api_key: SecretStr | None = Field(
        default=None, description="Key of the judge; empty: as with its endpoint."
    )
    judge_price: str = Field(
        default="",
        description="Price of a million tokens into and out of the judge, `0.15,0.60`; "
        "empty: cost is not told.",
    )
    operator_tenant: str = Field(
        default="",
        description="Who runs this service and may read the house's own record; "
        "empty: the first tenant whose documents came by the console.",
    )
    metrics_without_token: bool = Field(
        default=True,
        description="Whether `/metrics` is read without a token from this machine; "
        "false: with a proxy here that may pass it on, or people who log in here.",
    )
    audit_key: SecretStr | None = Field(
        default=None,
        description="Key that marks the audit's chains, the same for all processes; "
        "empty: made on first use in the data folder.",
    )
    policy_file: Path | None = Field(
        default=None, description="policy.yaml; empty: the policy that ships with the project."
    )
    jwt_secret: SecretStr | None = Field(
        default=None,
        description="HS256 secret of our own tokens and of widget tokens; "
        "empty: made on first use in the data folder.",
    )
    jwt_jwks_url: AnyHttpUrl | None = Field(
        default=None,
        description="Where an issuer publishes its keys: tokens are RS256 or ES256 and come from "
        "there only; empty: we sign them ourselves.",
    )
    jwt_issuer: str = Field(default="partner-copilot", description="Required `iss` of a token.")
    jwt_audience: str = Field(default="partner-copilot", description="Required `aud` of a token.")
    allowed_origins: str = Field(
        default="", description="Origins that may call from a browser, separated by commas."
    )
    allowed_hosts: str = Field(
        default="",
        description="Names in the Host header that are answered, separated by commas; "
        "empty: every name.",
    )
    limits_url: SecretStr | None = Field(
        default=None,
        description="Where requests are counted, `redis://HOST:6379/0` for several processes; "
        "empty: in memory, each process for itself.",
    )
    webhook_url: Secret[AnyHttpUrl] | None = Field(
        default=None,
        description="Where notices of reviews and security events are sent; "
        "https, or this machine; empty: nowhere.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secret that signs notices, `whsec_` and base64 or 32 characters; "
        "needed with a webhook URL.",
    )

    @field_validator(
        "database_url", "qdrant_url", "qdrant_api_key", "blobs_url", "chat_api_key",
        "judge_api_key", "policy_file", "audit_key", "jwt_secret", "jwt_jwks_url", "webhook_url",
        "webhook_secret", "limits_url", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_means_unset(cls, value: object) -> object:
        # `COPILOT_QDRANT_URL=` in an .env file is how people switch a thing off.
        return None if value == "" else value

    @field_validator("judge_price")
    @classmethod
    def _two_prices(cls, value: str) -> str:
        if value and not re.fullmatch(r"\s*\d+(\.\d+)?\s*,\s*\d+(\.\d+)?\s*", value):
            message = "must be two prices, into and out of the judge, such as 0.15,0.60"
            raise ValueError(message)
        return value

    @field_validator("jwt_secret", "audit_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        # RFC 7518, section 3.2: an HS256 key must have at least 256 bits.
        if value is not None and len(value.get_secret_value().encode()) < 32:  # noqa: PLR2004
            message = "must be at least 32 bytes long"
            raise ValueError(message)
        return value

    @field_validator("jwt_jwks_url")
    @classmethod
    def _not_readable_on_the_way(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        # Whoever can change the keys on their way to us can sign anything.
        if value is not None and value.scheme != "https" and not is_loopback(value.host or ""):
            message = "must begin with https, except on this machine"
            raise ValueError(message)
        return value

    @field_validator("qdrant_url", "jwt_jwks_url")
    @classmethod
    def _without_password(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        # It would be shown wherever the address is.
        if value is not None and (value.username or value.password):
            message = "must hold no user and password"
            raise ValueError(message)
        return value

    @field_validator("chat_base_url", "judge_base_url")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        if not value:
            return value
        try:
            parts = urlsplit(value)
            whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            whole = False
        if not whole:
            message = "must be a whole address such as https://models.example/v1"
            raise ValueError(message)
        if parts.username or parts.password:
            # It would be shown wherever the address is; keys have a setting of their own.
            message = "must hold no user and password"
            raise ValueError(message)
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _exact_origins(cls, value: str) -> str:
        for origin in _listed(value):
            if not _ORIGIN.fullmatch(origin):
                message = (
                    "must list whole origins such as https://portal.example:8443, "
                    "without a path, without * and without null"
                )
                raise ValueError(message)
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _exact_hosts(cls, value: str) -> str:
        if not all(re.fullmatch(_HOST, host) for host in _listed(value)):
            message = "must list names such as copilot.example, without a scheme, port or *"
            raise ValueError(message)
        return value

    @field_validator("limits_url")
    @classmethod
    def _known_counters(cls, value: SecretStr | None) -> SecretStr | None:
        known = ("memory://", "redis://", "rediss://")
        if value is not None and not value.get_secret_value().startswith(known):
            message = f"must begin with one of {', '.join(known)}"
            raise ValueError(message)
        return value

    @field_validator("webhook_url")
    @classmethod
    def _protected(cls, value: Secret[AnyHttpUrl] | None) -> Secret[AnyHttpUrl] | None:
        if value is None:
            return None
        url = value.get_secret_value()
        if url.username or url.password:
            message = "must hold no user and password; notices are signed"
            raise ValueError(message)
        if url.scheme != "https" and not is_loopback(url.host or ""):
            message = "must be https, or lead to this machine"
            raise ValueError(message)
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _signs_well(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            if info.data.get("webhook_url") is not None:
                message = (
                    "is needed with COPILOT_WEBHOOK_URL: who gets a notice must know its sender"
                )
                raise ValueError(message)
            return None
        signing_key(value.get_secret_value())
        return value

    @property
    def origins(self) -> tuple[str, ...]:
        """`allowed_origins` as a tuple without blanks."""
        return _listed(self.allowed_origins)

    @property
    def hosts(self) -> frozenset[str]:
        """`allowed_hosts` as a set without blanks; empty: all are answered."""
        return frozenset(_listed(self.allowed_hosts))

    @property
    def resolved_database_url(self) -> str:
        """The database to open, with the embedded default filled in."""
        if self.database_url:
            return self.database_url.get_secret_value()
        # A folder's name may hold what means something else in an address, such as ? or #.
        from sqlalchemy import URL

        path = str(self.data_dir / "copilot.db")
        return URL.create("sqlite", database=path).render_as_string(hide_password=False)

    @property
    def resolved_blobs_url(self) -> str:
        """The blob store to open, with the embedded default filled in."""
        given = self.blobs_url.get_secret_value() if self.blobs_url else ""
        return given or str(self.data_dir / "blobs")


def is_loopback(host: str) -> bool:
    """Whether a host in a URL is this machine."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.casefold() for part in names.split(",") if (name := part.strip()))


def load_settings(data_dir: Path | None = None) -> Settings:
    """Read the environment; a bad value becomes one line that names the variable, not the value."""
    try:
        return Settings() if data_dir is None else Settings(data_dir=data_dir)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = _PREFIX + str(first["loc"][0]).upper()
        raise ConfigurationError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    except (UnicodeDecodeError, OSError) as error:
        why = "is not UTF-8; save it as that" if isinstance(error, ValueError) else str(error)
        raise ConfigurationError(f"the file .env cannot be read: {why}") from None
