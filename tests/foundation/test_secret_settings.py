"""What is secret in the settings stays out of everything that is shown."""

import base64
from collections.abc import Iterator

import pytest
from pydantic import SecretStr, ValidationError

from foundation.errors import ConfigurationError
from foundation.settings import Settings, load_settings

CANARY = "hunter2canary"
LONG = CANARY + "x" * 32
PLANTED = {
    "DATABASE_URL": f"postgresql://user:{CANARY}@db/copilot",
    "QDRANT_API_KEY": CANARY,
    "BLOBS_URL": f"s3://key:{CANARY}@bucket",
    "CHAT_API_KEY": CANARY,
    "JUDGE_API_KEY": CANARY,
    "AUDIT_KEY": LONG,
    "JWT_SECRET": LONG,
    "LIMITS_URL": f"redis://:{CANARY}@redis:6379/0",
    "WEBHOOK_URL": f"https://hooks.example/{CANARY}",
    "WEBHOOK_SECRET": LONG,
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    for name, value in PLANTED.items():
        monkeypatch.setenv(f"COPILOT_{name}", value)
    return load_settings()


def test_every_setting_that_can_hold_a_secret_has_one_planted() -> None:
    secret = {
        name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert secret == {name.lower() for name in PLANTED}
    telling = ("secret", "key", "password")
    for name in Settings.model_fields.keys() - secret:
        assert not any(word in name for word in telling), f"{name} should be a SecretStr"


def test_what_is_planted_is_there_and_nothing_shows_it(settings: Settings) -> None:
    assert CANARY in settings.resolved_database_url
    assert settings.limits_url is not None
    assert CANARY in settings.limits_url.get_secret_value()
    shown = [repr(settings), str(settings), f"{settings}", repr(settings.model_dump())]
    shown += [repr(getattr(settings, name)) for name in Settings.model_fields]
    shown.append(settings.model_dump_json())
    for one in shown:
        assert CANARY not in one


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_secret_in_the_wrong_place_is_not_repeated(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("EMBEDDER_DTYPE", "QDRANT_URL", "JWT_JWKS_URL", "ALLOWED_ORIGINS",
                  "ALLOWED_HOSTS", "LIMITS_URL", "WEBHOOK_URL", "CHAT_BASE_URL"):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setenv(f"COPILOT_{other}", f"? {PLANTED[name]}")
            with pytest.raises(ConfigurationError) as caught:
                load_settings()
        assert CANARY not in str(caught.value)
        assert caught.value.__cause__ is None


def test_nor_does_the_librarys_own_error_repeat_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_JWT_SECRET", CANARY)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["QDRANT_URL", "JWT_JWKS_URL", "WEBHOOK_URL", "CHAT_BASE_URL", "JUDGE_BASE_URL"],
)
def test_an_address_that_is_shown_holds_no_password(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_WEBHOOK_SECRET", LONG)
    monkeypatch.setenv(f"COPILOT_{name}", f"https://user:{CANARY}@host.example/x")
    with pytest.raises(ConfigurationError, match=f"COPILOT_{name}: must hold no user") as caught:
        load_settings()
    assert CANARY not in str(caught.value)


class TestWebhook:
    @pytest.mark.parametrize(
        "url",
        [
            "http://hooks.example/x",
            "http://10.0.0.1/x",
            "http://127.0.0.1.evil.example/x",
            "ftp://hooks.example/x",
            "file:///etc/passwd",
            "nonsense",
        ],
    )
    def test_it_is_https_or_this_machine(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COPILOT_WEBHOOK_SECRET", LONG)
        monkeypatch.setenv("COPILOT_WEBHOOK_URL", url)
        with pytest.raises(ConfigurationError, match=r"^COPILOT_WEBHOOK_URL: "):
            load_settings()

    @pytest.mark.parametrize(
        "url",
        [
            "https://hooks.example/x",
            "http://127.0.0.1:9/x",
            "http://localhost:9/x",
            "http://[::1]:9/x",
        ],
    )
    def test_and_those_are_taken(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COPILOT_WEBHOOK_SECRET", LONG)
        monkeypatch.setenv("COPILOT_WEBHOOK_URL", url)
        found = load_settings().webhook_url
        assert found is not None
        assert str(found.get_secret_value()) == url

    def test_without_a_secret_it_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COPILOT_WEBHOOK_URL", "https://hooks.example/x")
        with pytest.raises(ConfigurationError, match=r"^COPILOT_WEBHOOK_SECRET: is needed"):
            load_settings()

    @pytest.mark.parametrize(
        ("secret", "good"),
        [
            ("short", False),
            ("x" * 31, False),
            ("x" * 32, True),
            ("whsec_" + base64.b64encode(b"x" * 23).decode(), False),
            ("whsec_" + base64.b64encode(b"x" * 24).decode(), True),
            ("whsec_no base64 at all, however long it is", False),
        ],
    )
    def test_its_secret_is_long_enough(
        self, secret: str, *, good: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COPILOT_WEBHOOK_SECRET", secret)
        if good:
            assert load_settings().webhook_secret == SecretStr(secret)
            return
        with pytest.raises(ConfigurationError, match=r"^COPILOT_WEBHOOK_SECRET: "):
            load_settings()


@pytest.mark.parametrize(
    "origins",
    ["*", "null", "https://*.example", "https://a.example/", "https://a.example/path", "a.example",
     "https://a.example, *", "javascript://a", "https://", "https://a b", "https://user@a.example"],
)  # fmt: skip
def test_an_origin_is_written_out(origins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_ALLOWED_ORIGINS", origins)
    with pytest.raises(ConfigurationError, match=r"^COPILOT_ALLOWED_ORIGINS: must list whole"):
        load_settings()


@pytest.mark.parametrize("hosts", ["*", "*.example", "https://a.example", "a.example:80", "a/b"])
def test_a_host_is_written_out(hosts: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_ALLOWED_HOSTS", hosts)
    with pytest.raises(ConfigurationError, match=r"^COPILOT_ALLOWED_HOSTS: "):
        load_settings()


def test_origins_and_hosts_are_compared_as_browsers_write_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COPILOT_ALLOWED_ORIGINS", "https://Portal.Example:8443, http://[::1]:3000")
    monkeypatch.setenv("COPILOT_ALLOWED_HOSTS", "Copilot.Example, ,[::1]")
    settings = load_settings()
    assert settings.origins == ("https://portal.example:8443", "http://[::1]:3000")
    assert settings.hosts == {"copilot.example", "[::1]"}


def test_counters_are_in_memory_or_in_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_LIMITS_URL", "mongodb://x")
    with pytest.raises(ConfigurationError, match=r"^COPILOT_LIMITS_URL: must begin with"):
        load_settings()
    monkeypatch.setenv("COPILOT_LIMITS_URL", "")
    assert load_settings().limits_url is None


@pytest.mark.parametrize("name", ["CHAT_BASE_URL", "JUDGE_BASE_URL"])
@pytest.mark.parametrize("url", ["models.example/v1", "file:///etc/passwd", "https://", "http://["])
def test_an_endpoint_of_a_model_is_a_whole_address(
    name: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"COPILOT_{name}", url)
    with pytest.raises(ConfigurationError, match=f"^COPILOT_{name}: must be a whole address"):
        load_settings()
