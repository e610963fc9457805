"""Every setting, from the environment (`COPILOT_…`) or a `.env` file, checked once at start.

Nothing reads the environment but this module, and nothing builds `Settings` at import.
"""

from pathlib import Path
from typing import Literal

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.errors import ConfigurationError

_PREFIX = "COPILOT_"


class Settings(BaseSettings):
    """The whole configuration, frozen. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        default=Path(".partner-copilot"),
        description="Folder that holds the database, the index, the blobs and the secrets.",
    )
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL; empty: SQLite in the data folder.",
    )
    qdrant_url: AnyHttpUrl | None = Field(
        default=None, description="Qdrant server or cluster; empty: Qdrant Edge in the data folder."
    )
    qdrant_api_key: SecretStr | None = Field(default=None, description="Key of the Qdrant server.")
    blobs_url: str | None = Field(
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
        description="LangChain chat model, `provider:name`. Not used yet: answers are extractive.",
    )
    chat_base_url: str = Field(default="", description="Endpoint of the chat model. Not used yet.")
    chat_api_key: SecretStr | None = Field(
        default=None, description="Key of the chat model. Not used yet."
    )
    judge_model: str = Field(
        default="", description="LangChain chat model that judges evaluations. Not used yet."
    )
    operator_tenant: str = Field(
        default="",
        description="Who runs this service and may read the house's own record; "
        "empty: the first tenant that owned a document.",
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
        default=None, description="HS256 secret; empty: made on first use in the data folder."
    )
    jwt_jwks_url: AnyHttpUrl | None = Field(
        default=None,
        description="JWKS URL for RS256/ES256 tokens. Not used yet, and refused at start.",
    )
    jwt_issuer: str = Field(default="partner-copilot", description="Required `iss` of a token.")
    jwt_audience: str = Field(default="partner-copilot", description="Required `aud` of a token.")
    allowed_origins: str = Field(
        default="", description="Origins that may call from a browser, separated by commas."
    )
    webhook_url: AnyHttpUrl | None = Field(
        default=None, description="Where escalation notices are sent. Not used yet."
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Secret that signs escalation notices. Not used yet."
    )

    @field_validator(
        "database_url", "qdrant_url", "qdrant_api_key", "blobs_url", "chat_api_key", "policy_file",
        "audit_key", "jwt_secret", "jwt_jwks_url", "webhook_url", "webhook_secret", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_means_unset(cls, value: object) -> object:
        # `COPILOT_QDRANT_URL=` in an .env file is how people switch a thing off.
        return None if value == "" else value

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
    def _not_yet(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        # Ignoring it would let tokens in that the operator believes are refused.
        if value is not None:
            message = "is not supported yet; set COPILOT_JWT_SECRET instead"
            raise ValueError(message)
        return value

    @property
    def origins(self) -> tuple[str, ...]:
        """`allowed_origins` as a tuple without blanks."""
        return tuple(o.strip() for o in self.allowed_origins.split(",") if o.strip())

    @property
    def resolved_database_url(self) -> str:
        """The database to open, with the embedded default filled in."""
        if self.database_url:
            return self.database_url
        # A folder's name may hold what means something else in an address, such as ? or #.
        from sqlalchemy import URL

        path = str(self.data_dir / "copilot.db")
        return URL.create("sqlite", database=path).render_as_string(hide_password=False)

    @property
    def resolved_blobs_url(self) -> str:
        """The blob store to open, with the embedded default filled in."""
        return self.blobs_url or str(self.data_dir / "blobs")


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
