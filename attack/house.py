"""A whole house to attack: the real application, SQLite and Qdrant Edge, in a folder of its own.

Only the model is another one, where volume counts: words hashed to directions take no time, and
who may read what does not depend on them. With `real_model` it is the packaged one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient

import governance.policy
from api import application
from assembly import Assembly
from foundation.settings import Settings
from governance.document import ApprovalState, DocType, DocumentMetadata
from governance.identity import TokenRequest
from governance.principal import Role
from ingest.pipeline import IngestReport, IngestRun
from ingest.source import Corpus, SourceFailure, SourceItem, SourceKind
from tests.fakes.hash_embedder import HashEmbedder

if TYPE_CHECKING:
    import httpx2

    from governance.redaction import Redactor
    from ingest.job_worker import JobWorker
    from retrieval.embedding import SentenceTransformerEmbedder

BEGINNING = datetime(2026, 3, 2, 12, tzinfo=UTC)
REVIEWED = ("pricing", "policy")
REVIEW_DAYS, OVERDUE_DAYS = 20, 5
"""As the policy of these houses has it: who approved these kinds has to look again."""
_PACKAGED = "all-MiniLM-L6-v2"


class Calendar:
    """A clock that an attack turns."""

    def __init__(self, now: datetime = BEGINNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The moment that it is."""
        return self.now

    @property
    def today(self) -> date:
        """The day that it is."""
        return self.now.date()


class QuickModel(HashEmbedder):
    """Words as fixed directions: what shares words is near, and it takes no time."""

    name = "hashed-words"

    def embed_question(self, text: str) -> "np.ndarray":
        """A unit vector."""
        return _unit(text)

    def embed_questions(self, texts: Sequence[str]) -> "np.ndarray":
        """Unit vectors, one row a text."""
        return np.stack([_unit(text) for text in texts])


@lru_cache(maxsize=100_000)
def _unit(text: str) -> "np.ndarray":
    return HashEmbedder().embed_question(text)


@cache
def _real_model() -> "SentenceTransformerEmbedder":
    # Its weights take seconds to load, and nobody changes them: one for all houses.
    from retrieval.embedding import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(_PACKAGED)


@cache
def _redactor() -> "Redactor":
    from governance.redaction import Redactor

    return Redactor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who attacks, or is attacked: what a token says of them."""

    tenant: str
    role: Role
    subject: str
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this person's token from another's."""
        said = (f"{name}={value}" for name, value in sorted(self.attributes.items()))
        return (self.tenant, self.role.value, self.subject, *said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A document as it is handed to the house."""

    tenant: str
    uri: str
    text: str
    title: str
    doc_type: DocType = DocType.REFERENCE
    audience: frozenset[str] = frozenset({"partners"})
    approval: ApprovalState = ApprovalState.DRAFT
    effective_from: date | None = None
    effective_to: date | None = None
    product: str = ""
    releases: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()


class AttackedHouse(Assembly):
    """All parts over a folder, on a clock that can be turned."""

    reads_uploads = False
    jwks = ""
    """Where the keys of an issuer of tokens are, if there is one."""

    def __init__(self, folder: Path, clock: Calendar, *, real_model: bool = False) -> None:
        model = _PACKAGED if real_model else QuickModel.name
        policy = _policy(folder)
        settings: dict[str, object] = {
            "data_dir": folder / "data",
            "embedder": model,
            "policy_file": policy,
        }
        if self.jwks:
            settings |= {"jwt_jwks_url": self.jwks, "jwt_issuer": "https://login.example"}
        super().__init__(Settings.model_validate(settings), clock)
        self.calendar = clock
        self._real_model = real_model

    @cached_property
    def embedder(self) -> "SentenceTransformerEmbedder":
        """The model."""
        return _real_model() if self._real_model else QuickModel()  # type: ignore[return-value]

    @cached_property
    def redactor(self) -> "Redactor":
        """Takes personal data out: one for all houses, because its model takes a second to load."""
        return _redactor()

    @cached_property
    def job_worker(self) -> "JobWorker":
        """Reads uploads where the real model does; elsewhere they wait for ever."""
        if self._real_model or self.reads_uploads:
            return super().job_worker
        return _Idle()  # type: ignore[return-value]

    def ingest(self, *pages: Page) -> IngestReport:
        """Take pages in as the command line does, less the parser's process."""
        items = tuple(_item(one) for one in pages)
        report = self.pipeline.run(
            _Handed(folders=(), skipped=(), unsupported={}, warnings=(), items=items),
            IngestRun(workers=1),
        )
        if report.failed:
            message = f"could not ingest {report.failed[0]}"
            raise RuntimeError(message)
        return report

    def token(self, person: Person) -> str:
        """A token that is good for an hour of the house's clock."""
        return self.tokens.issue(
            TokenRequest(
                tenant=person.tenant,
                roles=frozenset({person.role}),
                subject=person.subject,
                attributes=person.attributes,
            )
        )


class _Idle:
    """Reads no uploads: a parser's process takes seconds, and volume is what counts here."""

    def start(self) -> None:
        """Do nothing."""

    def wake(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


def _policy(folder: Path) -> Path:
    """The policy that ships with the house, under which approvals end while a world lasts."""
    shipped = Path(governance.policy.__file__).with_name(governance.policy.SHIPPED)
    policy = yaml.safe_load(shipped.read_text("utf-8"))
    kinds = dict.fromkeys(REVIEWED, REVIEW_DAYS)
    policy["approvals"] |= {"review_after_days": kinds, "expire_when_overdue_days": OVERDUE_DAYS}
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(policy), "utf-8")
    return path


class Door:
    """The served house, and a way to speak to it as somebody."""

    def __init__(self, house: AttackedHouse, app: FastAPI, client: TestClient) -> None:
        self.house = house
        self.app = app
        self.client = client
        self._bearers: dict[tuple[str, ...], tuple[datetime, str]] = {}

    def headers(self, person: Person) -> dict[str, str]:
        """The header that proves who it is."""
        made = self._bearers.get(person.key)
        now = self.house.calendar.now
        if made is None or not made[0] <= now < made[0] + timedelta(minutes=50):
            made = (now, self.house.token(person))
            self._bearers[person.key] = made
        return {"Authorization": f"Bearer {made[1]}"}

    def send(  # noqa: PLR0913 - a request has this many sides
        self,
        person: Person | None,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, str]] = (),
    ) -> "httpx2.Response":
        """One request as somebody, or as nobody; with files it is a form, else JSON."""
        headers = self.headers(person) if person else {}
        given: dict[str, Any] = {} if body is None else {"json": body}
        if files:
            given = {"data": body, "files": [("file", one) for one in files]}
        return self.client.request(method, path, headers=headers, params=query, **given)


@contextmanager
def served(
    folder: Path,
    clock: Calendar | None = None,
    *,
    real_model: bool = False,
    kind: type[AttackedHouse] = AttackedHouse,
) -> Iterator[Door]:
    """A house in a folder behind its application, for the length of the block."""
    house = kind(folder, clock or Calendar(), real_model=real_model)
    app = application(house.settings, lambda: house)
    # What the application does not answer itself must count as the failure that it is.
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Door(house, app, client)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handed(Corpus):
    """Documents that were handed over instead of found in a folder."""

    items: tuple[SourceItem, ...]

    @property
    def tenants(self) -> frozenset[str]:
        """The owners of what was handed over."""
        return frozenset(one.tenant for one in self.items)

    def __iter__(self) -> Iterator[SourceItem | SourceFailure]:
        """Yield every document."""
        return iter(self.items)


def _item(page: Page) -> SourceItem:
    loaded: dict[str, object] = {
        "text": page.text, "title": page.title, "format": "md", "page": None, "metadata": {},
    }  # fmt: skip
    metadata = DocumentMetadata(
        title=page.title,
        doc_type=page.doc_type,
        audience=page.audience,
        approval=page.approval,
        approved_by="the board" if page.approval is ApprovalState.APPROVED else "",
        effective_from=page.effective_from,
        effective_to=page.effective_to,
        product=page.product,
        releases=page.releases,
        supersedes=page.supersedes,
    )
    content = b'{"copilot_loaded":' + json.dumps(loaded).encode() + b"}"
    return SourceItem(
        uri=page.uri,
        tenant=page.tenant,
        metadata=metadata,
        fingerprint=hashlib.sha256(content + repr(metadata).encode()).hexdigest(),
        kind=SourceKind.LOADED,
        root=Path(),
        managed=True,
        content=content,
    )
