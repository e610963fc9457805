"""Requests for content that somebody sends to learn what is not theirs."""

from collections.abc import Callable, Mapping, Sequence

from attack.duties import MAY
from attack.hands import Deed
from attack.house import Person
from attack.oracle import Narrowing, Readable, words_of
from attack.probing import NOBODYS, Probe, Setting
from attack.worlds import word_of
from governance.principal import Role

_ALL_PASSAGES = 100


def filters_of(narrowing: Narrowing) -> dict[str, object]:
    """What a request says to be narrowed so."""
    return {
        "doc_types": sorted(narrowing.doc_types),
        "product": narrowing.product or None,
        "release": narrowing.release or None,
        "as_of": narrowing.as_of.isoformat() if narrowing.as_of else None,
    }


def _content_status(setting: Setting, narrowing: Narrowing) -> int:
    if setting.no_content:
        return 403
    future = narrowing.as_of is not None and narrowing.as_of > setting.world.today
    return 422 if future else 200


def _search(setting: Setting) -> Probe:
    narrowing = setting.narrowing()
    readable = setting.readable(narrowing)
    whole = setting.draw.random() < 0.5
    # Every leg brings a hundred; where there is less to read, all of it has to come.
    everything = sum(len(version.passages) for _, version in readable) <= _ALL_PASSAGES
    return setting.probe(
        "/v1/search",
        words_of(readable, with_text=True),
        status=_content_status(setting, narrowing),
        body={
            "question": setting.question(),
            "k": _ALL_PASSAGES if whole else setting.draw.choice([1, 5, 20]),
            "filters": filters_of(narrowing),
        },
        complete={word for _, version in readable for word in version.passages}
        if whole and everything
        else set(),
    )


def _ask(setting: Setting) -> Probe:
    narrowing = setting.narrowing()
    polite = setting.draw.random() < 0.05
    question = "Can I talk to a person?" if polite else setting.question()
    body: dict[str, object] = {"question": question, "filters": filters_of(narrowing)}
    if setting.draw.random() < 0.4:
        # Everybody uses the same names for conversations: they must not meet.
        body["conversation_id"] = f"shared-{setting.draw.randrange(5)}"
    readable = setting.readable(narrowing)
    known = setting.known.conversations.get(str(body.get("conversation_id")), set())
    if setting.person.key in known:
        # A question is read in its conversation, so words come along that were shown there.
        readable += setting.world.oracle.readable_again(setting.person, setting.world.today)
    status = _content_status(setting, narrowing)
    if polite and status == 422 and not setting.operation.endswith("stream"):
        # Nothing is searched for it, so no day is wrong.
        status = 200
    return setting.probe(
        setting.operation.partition(" ")[2],
        words_of(readable, with_text=True),
        status=status,
        body=body,
    )


def _passage(setting: Setting) -> Probe:
    versions = (*setting.document.versions, *setting.document.forgotten)
    passages = [one for version in versions for one in version.passages]
    wanted = setting.draw.choice(passages)
    narrowing = Narrowing(as_of=setting.narrowing().as_of)
    found = [one for one in setting.readable(narrowing) if wanted in one[1].passages]
    status = _content_status(setting, narrowing)
    owners = {word_of(document.owner) for document, _ in found}
    return setting.probe(
        f"/v1/passages/{wanted}",
        words_of(found, with_text=True) | owners | inner_words(setting.person, found),
        status=status if status != 200 or found else 404,
        query={"as_of": narrowing.as_of.isoformat()} if narrowing.as_of else None,
        nobodys=f"/v1/passages/{NOBODYS['chunk']}" if status == 200 else "",
    )


def inner_words(person: Person, readable: Sequence[Readable]) -> set[str]:
    """What only the owner's own people are told of a document: notes, audience, replaced ones."""
    words: set[str] = set()
    for document, version in readable:
        if document.owner == person.tenant:
            words |= version.note_words | version.approver_words | version.actor_words
            words |= {word_of(one) for one in version.audience if one.startswith("tenant:")}
            words |= version.supersedes_words
    return words


def listed_words(setting: Setting, readable: Sequence[Readable]) -> set[str]:
    """What a list of documents may hold for somebody, those on their way included."""
    person = setting.person
    words = words_of(readable, with_text=False) | inner_words(person, readable)
    words |= {word_of(document.owner) for document, _ in readable}
    for document in setting.world.oracle.own(person):
        every = [(document, version) for version in document.versions]
        words |= words_of(every, with_text=False) | inner_words(person, every)
    if person.role in MAY[Deed.SUBMIT] | MAY[Deed.APPROVE]:
        words |= setting.known.uploaded.get(person.tenant, set())
    return words


def _documents(setting: Setting) -> Probe:
    readable = setting.readable()
    query = {"limit": str(setting.draw.choice([1, 100, 1000]))}
    if setting.draw.random() < 0.1:
        query["review_due"] = "true"
    if setting.draw.random() < 0.3:
        query["state"] = setting.draw.choice(
            ["draft", "approved", "withdrawn", "in_review", "expired"]
        )
    if setting.draw.random() < 0.3:
        query["q"] = setting.draw.choice(sorted(setting.world.canaries.meaning))
    complete = {document.id for document, _ in readable} if query == {"limit": "1000"} else set()
    return setting.probe(
        "/v1/documents",
        listed_words(setting, readable),
        status=403 if setting.no_content else 200,
        query=query,
        complete=complete,
    )


def _document(setting: Setting) -> Probe:
    wanted = setting.document
    readable = [one for one in setting.readable() if one[0] is wanted]
    may = bool(readable) or wanted in setting.world.oracle.own(setting.person)
    status = 200 if may else 404
    return setting.probe(
        f"/v1/documents/{wanted.id}",
        listed_words(setting, readable),
        status=403 if setting.no_content else status,
        nobodys="" if setting.no_content else f"/v1/documents/{NOBODYS['doc']}",
    )


def _conversation(setting: Setting) -> Probe:
    known = setting.known.conversations
    wanted = _preferably(setting, [one for one, who in known.items() if setting.person.key in who])
    wanted = wanted or setting.draw.choice([*known, "shared-0", "nobodys"])
    mine = setting.person.key in known.get(wanted, set())
    again = setting.world.oracle.readable_again(setting.person, setting.world.today)
    status = 200 if mine else 404
    return setting.probe(
        f"/v1/conversations/{wanted}",
        words_of(again, with_text=True) | setting.known.cited(setting.person),
        status=403 if setting.no_content else status,
        nobodys="" if setting.no_content else "/v1/conversations/nobodys-either",
    )


def _preferably(setting: Setting, mine: Sequence[str]) -> str:
    """One's own, half of the time: what was shown once has to be shown differently later."""
    return setting.draw.choice(mine) if mine and setting.draw.random() < 0.5 else ""


def _outcome(setting: Setting) -> Probe:
    known = setting.known.outcomes
    wanted = _preferably(setting, [one for one, who in known.items() if who == setting.person])
    wanted = wanted or setting.draw.choice([*known, NOBODYS["out"]])
    mine = known.get(wanted) == setting.person
    again = setting.world.oracle.readable_again(setting.person, setting.world.today)
    status = 200 if mine else 404
    door = setting.operation.rpartition("/")[2]
    said = setting.say()
    body: dict[str, object] = {"note": said}
    if door == "feedback":
        rating = setting.draw.choice(["up", "down"])
        body = {"rating": rating, "reason": said, "comment": f"It is {said}."}
    return setting.probe(
        f"/v1/outcomes/{wanted}/{door}",
        words_of(again, with_text=True) | setting.known.cited(setting.person),
        status=403 if setting.no_content else status,
        body=body,
        nobodys="" if setting.no_content else f"/v1/outcomes/{NOBODYS['out']}/{door}",
    )


def _open(setting: Setting) -> Probe:
    path = setting.operation.partition(" ")[2]
    return setting.probe(path, set())


def _metrics(setting: Setting) -> Probe:
    role, tenant = setting.person.role, setting.person.tenant
    may = role in (Role.AUDITOR, Role.ADMIN) and tenant == setting.world.operator
    return setting.probe("/metrics", set(), status=200 if may else 403)


def _me(setting: Setting) -> Probe:
    partners = setting.person.attributes.get("partners", "")
    return setting.probe("/v1/me", {word_of(one) for one in partners.split(",")})


CONTENT: Mapping[str, Callable[[Setting], Probe]] = {
    "POST /v1/ask": _ask,
    "POST /v1/ask/stream": _ask,
    "POST /v1/search": _search,
    "GET /v1/passages/{passage_id}": _passage,
    "GET /v1/conversations/{conversation_id}": _conversation,
    "POST /v1/outcomes/{outcome_id}/escalate": _outcome,
    "POST /v1/outcomes/{outcome_id}/feedback": _outcome,
    "GET /v1/documents": _documents,
    "GET /v1/documents/{document_id}": _document,
    "GET /v1/me": _me,
    "GET /healthz": _open,
    "GET /readyz": _open,
    "GET /metrics": _metrics,
}
