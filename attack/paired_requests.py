"""The same requests to two houses, and what is left of an answer when chance is taken out of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from attack.house import Door, Person

if TYPE_CHECKING:
    import httpx2

_MADE_UP = re.compile(r"\b(out|esc|cnv|req|err|job|tok)_[0-9a-f]{32}\b")
_REFERENCE = re.compile(r"\(reference [0-9a-f]{8}\)")
_ELAPSED = re.compile(r'"elapsed_ms": ?\d+')
_TAKEN_TIME = re.compile(r"^copilot_http_request_seconds.*$|^[a-z_]+_created.*$", re.MULTILINE)
_UNSTEADY = frozenset({"x-request-id", "date", "content-length"})
_CONVERSATIONS = ("shared-a", "shared-b", "shared-c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `{outcome}` in its path stands for what the person's last question led to."""

    person: Person
    method: str
    path: str
    body: Mapping[str, object] | None = None
    query: Mapping[str, str] | None = None


@dataclass(slots=True)
class Side:
    """One of the two houses, and what was got from it."""

    door: Door
    outcomes: dict[tuple[str, ...], str] = field(default_factory=dict)

    def send(self, asked: Asked) -> "httpx2.Response":
        """Send a request, with this house's own ids in it."""
        outcome = self.outcomes.get(asked.person.key, "out_" + "0" * 32)
        path = asked.path.replace("{outcome}", outcome)
        response = self.door.send(
            asked.person, asked.method, path, body=asked.body, query=asked.query
        )
        if path.startswith("/v1/ask") and (made := re.search(r"\bout_[0-9a-f]{32}", response.text)):
            self.outcomes[asked.person.key] = made.group()
        return response


def bare(response: "httpx2.Response") -> str:
    """Status, headers and body, without ids that are drawn, and without how long it took."""
    headers = sorted(
        f"{name}: {value}" for name, value in response.headers.items() if name not in _UNSTEADY
    )
    text = _MADE_UP.sub(r"\1_", response.text)
    text = _ELAPSED.sub('"elapsed_ms":0', _REFERENCE.sub("(reference )", text))
    text = _TAKEN_TIME.sub("", text)
    return "\n".join([str(response.status_code), *headers, "", text])


def battery(
    draw: Random, people: Sequence[Person], topics: Sequence[str], ids: Sequence[str], size: int
) -> Iterator[Asked]:
    """Requests of all kinds by these people, about topics, and with ids of all documents."""
    for _ in range(size):
        person = draw.choice(people)
        yield from _one(draw, person, topics, ids)


def _one(
    draw: Random, person: Person, topics: Sequence[str], ids: Sequence[str]
) -> Iterator[Asked]:
    question = _question(draw, topics)
    filters = _filters(draw)
    match draw.randrange(10):
        case 0 | 1 | 2:
            body = {"question": question, "k": draw.choice([1, 3, 10, 100]), "filters": filters}
            yield Asked(person=person, method="POST", path="/v1/search", body=body)
        case 3 | 4 | 5:
            path = draw.choice(["/v1/ask", "/v1/ask", "/v1/ask/stream"])
            name = draw.choice(_CONVERSATIONS)
            body = {"question": question, "filters": filters, "conversation_id": name}
            yield Asked(person=person, method="POST", path=path, body=body)
            if draw.random() < 0.3:
                note = {"note": "Please call me."}
                path = "/v1/outcomes/{outcome}/escalate"
                yield Asked(person=person, method="POST", path=path, body=note)
            if draw.random() < 0.3:
                path = "/v1/outcomes/{outcome}/feedback"
                yield Asked(person=person, method="POST", path=path, body={"rating": "up"})
        case 6:
            query = {"q": draw.choice(["", *topics]), "limit": draw.choice(["1", "50", "1000"])}
            query |= {"state": draw.choice(["", "draft", "approved", "withdrawn"])}
            yield Asked(person=person, method="GET", path="/v1/documents", query=query)
        case 7:
            chosen = draw.choice(ids)
            noun = "documents" if chosen.startswith("doc_") else "passages"
            yield Asked(person=person, method="GET", path=f"/v1/{noun}/{chosen}")
        case 8:
            path = f"/v1/conversations/{draw.choice([*_CONVERSATIONS, 'nobodys'])}"
            yield Asked(person=person, method="GET", path=path)
        case _:
            yield _odd(draw, person, question)


def _odd(draw: Random, person: Person, question: str) -> Asked:
    """What is refused, and what tells of the house as a whole."""
    return draw.choice(
        [
            Asked(person=person, method="POST", path="/v1/ask", body={"question": ""}),
            Asked(
                person=person, method="POST", path="/v1/search", body={"question": question, "k": 0}
            ),
            Asked(person=person, method="POST", path="/v1/search", body={"query": question}),
            Asked(person=person, method="GET", path="/v1/passages/nobodys"),
            Asked(person=person, method="GET", path="/v1/nothing"),
            Asked(person=person, method="GET", path="/metrics"),
            Asked(person=person, method="GET", path="/readyz"),
            Asked(person=person, method="GET", path="/openapi.json"),
        ]
    )


def _question(draw: Random, topics: Sequence[str]) -> str:
    topic = draw.choice(topics)
    return draw.choice(
        [
            f"How much is the {topic} a month?",
            f"How do I change the {topic}?",
            f"What holds for the {topic} and the {draw.choice(topics)}?",
            topic,
            "What is there?",
            "Can I talk to a person?",
            "Who invented the telephone?",
        ]
    )


def _filters(draw: Random) -> dict[str, object]:
    if draw.random() < 0.6:
        return {}
    return {
        "doc_types": draw.choice([[], ["policy"], ["faq", "reference"]]),
        "product": draw.choice([None, "meridian"]),
        "release": draw.choice([None, "2.0"]),
    }
