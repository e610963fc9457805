"""Sends probes and looks for words in the answers that must not be there."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attack.house import Person
from attack.probing import Known, Probe
from attack.worlds import World, word_of

if TYPE_CHECKING:
    import httpx2

_MOST_KEPT = 5
_SHOWN_MOVES = 40
_OWN = re.compile(r"\b(?:out|esc|cnv|job|req|err)_[0-9a-f]{32}\b")
_CITED = re.compile(r"\b(?:doc_[0-9a-f]{24}|[0-9a-f]{32})\b")
_UNSTEADY = {"x-request-id", "date"}


@dataclass(slots=True)
class Tally:
    """What all probes of a run found, by what it is."""

    requests: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    details: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, told: str) -> None:
        """Count a finding, and keep the first few whole."""
        self.found[what] += 1
        kept = self.details.setdefault(what, [])
        if len(kept) < _MOST_KEPT:
            kept.append(told)


CROSSED = "canaries across"
UNLIKE_ABSENT = "hidden things that do not look absent"
WRONG_STATUS = "unexpected statuses"
WITHHELD = "things withheld that may be seen"
FAILED = "server errors"
DEED = "deeds done that must not be"


@dataclass(slots=True)
class Judge:
    """Knows the world, sends probes, and counts what is wrong with the answers."""

    world: World
    tally: Tally
    known: Known = field(default_factory=Known)

    def send(self, probe: Probe) -> None:
        """Send a probe and judge what comes back."""
        response = self._response(probe, probe.path)
        self._learn(probe, response)
        forbidden = probe.done(response) if probe.done and response.status_code < 300 else ""
        if forbidden:
            self._tell(DEED, probe, response, forbidden)
        self._judge(probe, response)
        if probe.nobodys and response.status_code in probe.statuses:
            self._compare(probe, response)

    def _response(self, probe: Probe, path: str) -> "httpx2.Response":
        self.tally.requests += 1
        self.tally.operations[probe.operation] += 1
        response = self.world.door.send(
            probe.person,
            probe.method,
            path,
            body=probe.body,
            query=probe.query,
            files=probe.files,
        )
        self.tally.statuses[response.status_code] += 1
        return response

    def _judge(self, probe: Probe, response: "httpx2.Response") -> None:
        status = response.status_code
        if status >= 500:
            self._tell(FAILED, probe, response, "")
        elif status not in probe.statuses:
            wanted = " or ".join(map(str, sorted(probe.statuses)))
            self._tell(WRONG_STATUS, probe, response, f"expected {wanted}")
        canaries = self.world.canaries
        came = canaries.found_in(_whole(response))
        crossed = came - probe.allowed - canaries.found_in(probe.sent)
        if probe.person is not None:
            crossed -= self.known.words_of(probe.person)
        if crossed:
            self._tell(CROSSED, probe, response, canaries.described(crossed))
        if status == 200 and not probe.complete <= came:
            missing = canaries.described(probe.complete - came)
            self._tell(WITHHELD, probe, response, missing)

    def _compare(self, probe: Probe, hidden: "httpx2.Response") -> None:
        absent = self._response(probe, probe.nobodys)
        if _bare(hidden, probe.path) != _bare(absent, probe.nobodys):
            self._tell(UNLIKE_ABSENT, probe, hidden, f"absent: {_whole(absent)}")

    def _learn(self, probe: Probe, response: "httpx2.Response") -> None:
        person = probe.person
        if person is None or response.status_code >= 400:
            return
        mine = self.known.words_of(person)
        for identifier in _OWN.findall(response.text):
            if identifier not in self.world.canaries.meaning:
                self.world.canaries.learn(identifier, f"given to {person.subject}")
                mine.add(identifier)
                if identifier.startswith("out_"):
                    self.known.outcomes[identifier] = person
                if identifier.startswith("cnv_"):
                    self.known.conversations.setdefault(identifier, set()).add(person.key)
        if probe.operation.endswith(("/ask", "/ask/stream", "/search")):
            # What somebody said themselves is told to them again in their conversation.
            self.known.cited(person).update(self.world.canaries.found_in(probe.sent))
            self.known.cited(person).update(_CITED.findall(response.text))
        if "/ask" in probe.operation:
            name = (probe.body or {}).get("conversation_id")
            if isinstance(name, str):
                self.known.conversations.setdefault(name, set()).add(person.key)
            self._learn_citations(person, response.text)

    def _learn_citations(self, person: Person, text: str) -> None:
        """Who cites a document is told to its owner: which outcome, of which tenant."""
        outcomes = {one for one in _OWN.findall(text) if one.startswith("out_")}
        for document in {one for one in _CITED.findall(text) if one.startswith("doc_")}:
            citing = self.known.citing.setdefault(document, set())
            citing |= outcomes | {word_of(person.tenant)}

    def _tell(self, what: str, probe: Probe, response: "httpx2.Response", why: str) -> None:
        who = _described(probe.person)
        moves = "\n    ".join(self.world.journal[-_SHOWN_MOVES:])
        self.tally.add(
            what,
            f"{who}\n  {probe.method} {probe.path} {probe.query or ''} {probe.body or ''}\n"
            f"  {response.status_code} {why}\n  {_whole(response)[:1500]}\n  after:\n    {moves}",
        )


def _described(person: Person | None) -> str:
    if person is None:
        return "nobody"
    return f"{person.role.value} {person.subject} of {person.tenant} {dict(person.attributes)}"


def _whole(response: "httpx2.Response") -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{headers}\n\n{response.text}"


def _bare(response: "httpx2.Response", path: str) -> tuple[int, tuple[tuple[str, str], ...], str]:
    """An answer without what differs from request to request, and without its own address."""
    headers = sorted(
        (name, value) for name, value in response.headers.items() if name not in _UNSTEADY
    )
    text = response.text.replace(path, "")
    for part in path.split("/"):
        if _CITED.fullmatch(part) or _OWN.fullmatch(part):
            text = text.replace(part, "")
    sized = [(name, value) for name, value in headers if name != "content-length"]
    length = [
        (name, str(int(value) - len(path))) for name, value in headers if name == "content-length"
    ]
    return response.status_code, tuple(sized + length), text
