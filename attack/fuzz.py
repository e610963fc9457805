"""Every operation with whatever its description allows, and with what it does not, as each role.

schemathesis makes the requests from the OpenAPI document, valid ones and broken ones; half of the
identifiers are real ones, so that requests get further than the first look-up. No answer may be a
5xx, and every one must be as the document says: status, content type, headers and body.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import HealthCheck, Phase, given, settings

from attack.check import Check, Scale
from attack.house import Person, served
from attack.loopback import listening
from attack.worlds import World, new_world
from governance.principal import Role

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from schemathesis import BaseSchema, Case, GenerationMode

_MOST_KEPT = 3
_REAL = 3
_SECONDS = 60
_ACCEPTED = "Schema-violating request accepted"


@dataclass(slots=True)
class Fuzzed:
    """What came of the requests of one role, and what was wrong, by operation and kind."""

    role: Role
    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, told: str) -> None:
        """Count a finding, and keep the first of its kind whole."""
        self.wrong[what] += 1
        if len(self.details) < _MOST_KEPT:
            self.details.setdefault(what, told)


def run(scale: Scale) -> list[Check]:
    """Fuzz as each role in turn."""
    return [_check(one) for one in fuzz(scale.pick(5_000, 100))]


def fuzz(cases: int) -> list[Fuzzed]:
    """So many requests as each role, to one house with a world in it."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder, served(Path(folder)) as door:
        world = new_world(door, 7, tenants=2, documents=30)
        with listening(door) as address:
            return [_fuzz_as(world, address, role, cases) for role in Role]


def _fuzz_as(world: World, address: str, role: Role, cases: int) -> Fuzzed:
    import requests
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.core.failures import FailureGroup

    person = world.person(role, world.operator)
    schema = schemathesis.openapi.from_dict(world.door.app.openapi())
    found = Fuzzed(role=role)
    pool = _identifiers(world, person)
    headers = world.door.headers(person)
    checks = _checks()
    with requests.Session() as session:
        for mode in GenerationMode:

            @settings(
                max_examples=cases // len(GenerationMode),
                deadline=None,
                database=None,
                derandomize=True,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            )
            @given(case=_cases(schema, mode, pool, headers))
            def attack(case: "Case[Any]") -> None:
                found.cases += 1
                answer = case.call(base_url=address, session=session, timeout=_SECONDS)
                found.statuses[answer.status_code] += 1
                try:
                    case.validate_response(answer, checks=checks)
                except FailureGroup as group:
                    for failure in group.exceptions:
                        title = str(getattr(failure, "title", failure))
                        if title == _ACCEPTED and _has_blank(answer.request.url or ""):
                            continue
                        found.add(f"{case.method} {case.path}: {title}", f"{role.value}\n{group}")

            attack()
    return found


def _cases(
    schema: "BaseSchema",
    mode: "GenerationMode",
    pool: Mapping[str, list[str]],
    headers: Mapping[str, str],
) -> "SearchStrategy[Case[Any]]":
    """Cases of every operation, about made-up things and about things that there are."""
    from hypothesis import strategies as st
    from schemathesis.core.result import Ok

    strategies = []
    for found in schema.get_all_operations():
        if not isinstance(found, Ok):
            message = f"an operation cannot be read: {found.err()}"
            raise TypeError(message)
        operation = found.ok()
        names = [one.name for one in operation.path_parameters]
        known = [name for name in names if pool.get(name)]
        strategies.append(operation.as_strategy(mode, headers=dict(headers)))
        for number in range(_REAL if known else 0):
            real = {name: pool[name][number % len(pool[name])] for name in known}
            strategies.append(
                operation.as_strategy(mode, headers=dict(headers), path_parameters=real)
            )
    return st.one_of(strategies)


def _has_blank(url: str) -> bool:
    """Whether a value in the query is empty: here that is an absent one, and narrows nothing."""
    query = urlsplit(url).query
    return any(not value for _, value in parse_qsl(query, keep_blank_values=True))


def _checks() -> list[Any]:
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    return CHECKS.get_by_names(
        [
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
            "negative_data_rejection",
        ]
    )


def _identifiers(world: World, person: Person) -> Mapping[str, list[str]]:
    """Of this person's own tenant and of others; and some of what they were given."""
    documents = list(world.oracle.documents.values())
    passages = [one for each in documents for v in each.versions for one in v.passages]
    outcomes, conversations, keys, jobs = [], [], [], []
    for number in range(5):
        name = f"fuzzed-{number}"
        body = {"question": documents[number].topic, "conversation_id": name}
        asked = world.door.send(person, "POST", "/v1/ask", body=body)
        if asked.status_code == 200:
            outcomes.append(asked.json()["id"])
            conversations.append(name)
        key = {"name": name, "roles": ["partner_consultant"], "ttl_seconds": 3600}
        made = world.door.send(person, "POST", "/v1/keys", body=key)
        if made.status_code == 201:
            keys.append(made.json()["id"])
        files = [(f"{name}.md", f"# {name}\n\nText.\n")]
        sent = world.door.send(person, "POST", "/v1/documents", body={}, files=files)
        if sent.status_code == 202:
            jobs.append(sent.json()["job_id"])
    return {
        "document_id": [one.id for one in documents],
        "passage_id": passages,
        "outcome_id": outcomes,
        "conversation_id": conversations,
        "key_id": keys,
        "job_id": jobs,
    }


def _check(found: Fuzzed) -> Check:
    wrong = sum(found.wrong.values())
    statuses = ", ".join(f"{times} of {status}" for status, times in found.statuses.most_common())
    told = "\n".join(f"{times} times {what}" for what, times in found.wrong.most_common(12))
    return Check(
        name=f"schemathesis as {found.role.value}",
        attempts=found.cases,
        asked="no 5xx, every response as documented, nothing invalid accepted",
        seen=f"{wrong} wrong ({statuses})",
        passed=not wrong,
        detail="\n\n".join((told, *found.details.values())),
    )
