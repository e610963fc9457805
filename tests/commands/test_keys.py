"""`keys`, `revoke` and `token` as people and programs use them."""

import json
import time
from pathlib import Path

import jwt
import pytest
from sqlalchemy import select

import cli
from foundation.clock import system_clock
from foundation.database import open_database
from governance.access import Access
from governance.audit.chain import audit_lines
from governance.house_secret import token_secret
from governance.identity import CredentialKind, Refusal, UnauthenticatedError
from governance.origins import Sender
from governance.principal import Permission
from tests.fakes.issuer import rsa_key, served


class Console:
    """The command line over one data folder, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main([*arguments, "--data-dir", str(self.folder)])
        except SystemExit as left:
            code = int(str(left.code))
        captured = self._capsys.readouterr()
        return (code, captured.out, captured.err)

    def out(self, *arguments: str) -> str:
        code, out, err = self.run(*arguments)
        assert (code, err) == (0, ""), err
        return out.strip()

    def json(self, *arguments: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out(*arguments, "--json").splitlines()]

    def identify(self, bearer: str) -> object:
        database = open_database(f"sqlite:///{self.folder / 'copilot.db'}")
        access = Access(
            database=database, clock=system_clock, secret=token_secret(self.folder),
            issuer="partner-copilot", audience="partner-copilot",
        )  # fmt: skip
        try:
            return access.authenticator.identify(bearer, Sender())
        finally:
            access.close()
            database.close()

    def refused(self, bearer: str) -> Refusal:
        with pytest.raises(UnauthenticatedError) as caught:
            self.identify(bearer)
        return caught.value.reason

    def lines(self, tenant: str = "acme") -> list[tuple[str, dict[str, object]]]:
        database = open_database(f"sqlite:///{self.folder / 'copilot.db'}")
        query = select(audit_lines).where(audit_lines.c.tenant == tenant)
        with database.read() as connection:
            rows = connection.execute(query.order_by(audit_lines.c.number)).all()
        database.close()
        return [(row.action, json.loads(row.sealed)) for row in rows]


@pytest.fixture
def console(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(tmp_path / "data", capsys)


CREATE = ("keys", "create", "--tenant", "acme", "--name", "portal", "--role", "partner_admin")


def test_a_key_is_printed_once_and_nothing_else_is(console: Console):
    key = console.out(*CREATE, "--scope", "mint_widget_tokens", "--origin", "https://p.example")
    identity = console.identify(key)
    assert identity.kind is CredentialKind.API_KEY
    assert identity.principal.permissions == {Permission.MINT_WIDGET_TOKENS}
    listed = console.out("keys", "list")
    assert key not in listed
    assert identity.key_id in listed
    assert "1 keys" in listed


def test_json_tells_the_same_to_programs(console: Console):
    [made] = console.json(*CREATE, "--attribute", "tier=gold", "--ttl", "1d")
    assert str(made["key"]).startswith(f"pck_{made['id']}_")
    assert made["attributes"] == {"tier": "gold"}
    [listed] = console.json("keys", "list", "--tenant", "acme")
    assert "key" not in listed
    assert listed["id"] == made["id"]
    assert console.json("keys", "list", "--tenant", "bolt") == []
    [ended] = console.json("keys", "revoke", str(made["id"]))
    assert ended["revoked_at"]
    assert console.refused(str(made["key"])) is Refusal.REVOKED


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("keys",), 2, "ACTION"),
        (("keys", "create", "--tenant", "acme", "--role", "admin"), 2, "--name"),
        ((*CREATE, "--scope", "fly"), 2, "scopes are ask"),
        ((*CREATE, "--role", "emperor"), 2, "roles are"),
        ((*CREATE, "--ttl", "soon"), 2, "--ttl takes a number"),
        ((*CREATE, "--ttl", "366d"), 1, "365 days"),
        ((*CREATE, "--origin", "https://p.example/x"), 1, "without a path"),
        (("keys", "create", "--tenant", "A B", "--name", "n", "--role", "admin"), 2, "tenant id"),
        (("keys", "revoke", "absent"), 1, "there is no API key 'absent'"),
        (("revoke", "--tenant", "acme"), 2, "--token-id"),
        (("revoke", "--tenant", "acme", "--token-id", "a", "--subject", "b"), 2, "not allowed"),
        (("revoke", "--tenant", "acme", "--subject", ""), 1, "name either"),
    ],
)
def test_what_makes_no_sense_is_told(
    console: Console, arguments: tuple[str, ...], code: int, says: str
):
    found, out, err = console.run(*arguments)
    assert found == code
    assert says in err
    assert out == ""


def test_another_tenants_key_is_not_ended_where_a_tenant_is_named(console: Console):
    [made] = console.json(*CREATE)
    assert console.run("keys", "revoke", str(made["id"]), "--tenant", "bolt")[0] == 1
    assert console.identify(str(made["key"]))


def test_a_token_is_on_the_record_and_ends_by_its_id(console: Console):
    [made] = console.json(
        "token", "--tenant", "acme", "--role", "partner_consultant", "--subject", "kim"
    )
    token = str(made["token"])
    [(action, line)] = console.lines()
    assert action == "token.issued"
    assert (line["actor"], line["target"]) == ("console", made["token_id"])
    assert line["details"]["subject"] == "kim"
    assert token.split(".")[2] not in json.dumps(line)
    assert console.identify(token)
    console.out("revoke", "--tenant", "acme", "--token-id", str(made["token_id"]))
    assert console.refused(token) is Refusal.REVOKED
    assert [one for one, _ in console.lines()] == ["token.issued", "token.revoked"]


def test_all_tokens_of_a_subject_end_and_the_next_one_is_good(console: Console):
    make = ("token", "--tenant", "acme", "--role", "partner_consultant", "--subject", "kim")
    before = console.out(*make)
    time.sleep(0.001)
    console.out("revoke", "--tenant", "acme", "--subject", "kim")
    assert console.refused(before) is Refusal.REVOKED
    assert console.identify(console.out(*make))


def test_with_an_issuer_elsewhere_no_token_is_made_here(
    console: Console, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COPILOT_JWT_JWKS_URL", "https://login.example/keys")
    monkeypatch.setenv("COPILOT_JWT_SECRET", "s" * 40)
    code, out, err = console.run("token", "--tenant", "acme", "--role", "admin")
    assert (code, out) == (1, "")
    assert "tokens come from the issuer of COPILOT_JWT_JWKS_URL" in err
    assert err.count("\n") == 1
    # Keys for machines are ours all the same.
    assert console.out(*CREATE).startswith("pck_")


def test_serve_does_not_start_without_the_issuers_keys(
    console: Console, monkeypatch: pytest.MonkeyPatch
):
    with served(rsa_key("r1")) as issuer:
        gone = issuer.url
    monkeypatch.setenv("COPILOT_JWT_JWKS_URL", gone)
    code, out, err = console.run("serve", "--port", "0")
    assert (code, out) == (1, "")
    assert f"COPILOT_JWT_JWKS_URL: the keys at {gone} cannot be fetched" in err
    assert err.count("\n") == 1


def test_a_token_names_no_more_than_before(console: Console):
    token = console.out("token", "--tenant", "acme", "--role", "admin", "--attribute", "tier=gold")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert set(claims) == {
        "iss", "aud", "sub", "jti", "iat", "exp", "tenant", "roles", "attributes",
    }  # fmt: skip
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
