"""Requests for what is a tenant's own business: deeds, versions, keys, the record, uploads."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attack.canary import Kind
from attack.duties import MAY, is_hidden, why_not
from attack.hands import Deed, request_of
from attack.oracle import words_of
from attack.probes import inner_words, listed_words
from attack.probing import NOBODYS, Probe, Setting
from attack.worlds import word_of
from governance.principal import Role

if TYPE_CHECKING:
    import httpx2

_READS_DRAFTS = frozenset(
    {Role.PARTNER_ADMIN, Role.CONTENT_OWNER, Role.APPROVER, Role.ADMIN}
)  # fmt: skip
_READS_CITING = frozenset({Role.CONTENT_OWNER, Role.APPROVER, Role.ADMIN})
_MANAGES_ACCESS = frozenset({Role.PARTNER_ADMIN, Role.ADMIN})
_READS_AUDIT = frozenset({Role.AUDITOR, Role.ADMIN})


def _deed(setting: Setting) -> Probe:
    """Anybody tries to move any document, of their own tenant or of another."""
    world, person, document = setting.world, setting.person, setting.document
    method, _, path = setting.operation.partition(" ")
    deed = Deed.DELETE if method == "DELETE" else Deed(path.rpartition("/")[2])
    versions = document.versions or document.forgotten
    version = setting.draw.choice([versions[-1], setting.draw.choice(versions)])
    if deed in (Deed.WITHDRAW, Deed.DELETE):
        version = versions[-1]
    note = world.note_on(document)
    asking = request_of(deed, document.id, note, version.number)
    if person.role not in MAY[deed]:
        statuses = {403}
    elif is_hidden(person, document, world.oracle.documents):
        statuses = {404}
    else:
        statuses = {200, 403, 404, 409}

    def done(_: "httpx2.Response") -> str:
        forbidden = why_not(person, deed, document, version, world.today)
        world.tell_deed(person, deed, document, version, 200)
        world.happened(person, deed, document, version, note)
        return forbidden

    every = [(document, one) for one in document.versions]
    absent = request_of(deed, NOBODYS["doc"], note, version.number).path
    words = listed_words(setting, every) | {note}
    if deed is Deed.WITHDRAW and person.role in _READS_CITING:
        words |= setting.known.citing.get(document.id, set())
    return setting.probe(
        asking.path,
        words,
        status=statuses,
        body=asking.body,
        nobodys=absent if statuses == {404} else "",
        done=done,
    )


def _own_version(setting: Setting, roles: frozenset[Role], ending: str) -> Probe:
    """What only the owner's people read of a version."""
    person, document = setting.person, setting.document
    versions = document.versions or document.forgotten
    version = setting.draw.choice(versions)
    hidden = is_hidden(person, document, setting.world.oracle.documents)
    status = 403 if person.role not in roles else 404 if hidden else 200
    one = [(document, version)]
    words = words_of(one, with_text=True) | inner_words(person, one)
    if ending == "outcomes":
        words = {document.id} | setting.known.citing.get(document.id, set())
    return setting.probe(
        f"/v1/documents/{document.id}/versions/{version.number}/{ending}",
        words,
        status=status,
        nobodys=f"/v1/documents/{NOBODYS['doc']}/versions/{version.number}/{ending}"
        if status == 404
        else "",
    )


def _text(setting: Setting) -> Probe:
    return _own_version(setting, _READS_DRAFTS, "text")


def _citing(setting: Setting) -> Probe:
    return _own_version(setting, _READS_CITING, "outcomes")


def _diff(setting: Setting) -> Probe:
    person, document = setting.person, setting.document
    hidden = is_hidden(person, document, setting.world.oracle.documents)
    status = 403 if person.role not in _READS_DRAFTS else 404 if hidden else 200
    statuses = {200, 404} if status == 200 and len(document.versions) < 2 else {status}
    every = [(document, one) for one in document.versions]
    return setting.probe(
        f"/v1/documents/{document.id}/diff",
        words_of(every, with_text=True) | inner_words(person, every),
        status=statuses,
        nobodys=f"/v1/documents/{NOBODYS['doc']}/diff" if status == 404 else "",
    )


def _make_key(setting: Setting) -> Probe:
    person, said = setting.person, setting.say()
    may = person.role in _MANAGES_ACCESS
    role = setting.draw.choice([Role.PARTNER_CONSULTANT, Role.PARTNER_ADMIN, Role.ADMIN])

    def done(response: "httpx2.Response") -> str:
        made = response.json()
        world, known = setting.world, setting.known
        world.canaries.learn(made["id"], f"the id of a key of {person.tenant}")
        world.canaries.learn(made["key"].rpartition("_")[2], f"the secret of {made['id']}")
        known.keys[made["id"]] = person
        mine = made["tenant"] == person.tenant
        beyond = role is Role.ADMIN and person.role is not Role.ADMIN
        return "" if mine and not beyond else f"a key of {made['tenant']} for {role.value}"

    return setting.probe(
        "/v1/keys",
        set(),
        status={201, 403} if may else 403,
        body={"name": said, "roles": [role.value], "ttl_seconds": 3600},
        done=done,
    )


def _keys_words(setting: Setting) -> set[str]:
    known, tenant = setting.known, setting.person.tenant
    own = {key for key, who in known.keys.items() if who.tenant == tenant}
    people = {word_of(one.tenant) for one in setting.world.people if one.tenant == tenant}
    return own | people | known.within(tenant) | setting.names_within()


def _list_keys(setting: Setting) -> Probe:
    may = setting.person.role in _MANAGES_ACCESS
    return setting.probe("/v1/keys", _keys_words(setting), status=200 if may else 403)


def _end_key(setting: Setting) -> Probe:
    known, person = setting.known, setting.person
    wanted = setting.draw.choice([*known.keys, "key_nobodys"])
    mine = wanted in known.keys and known.keys[wanted].tenant == person.tenant
    status = 403 if person.role not in _MANAGES_ACCESS else 200 if mine else 404
    return setting.probe(
        f"/v1/keys/{wanted}",
        _keys_words(setting),
        status=status,
        nobodys="/v1/keys/key_nobodys_either" if status == 404 else "",
    )


def _revoke(setting: Setting) -> Probe:
    """End the tokens of somebody else's people: theirs must go on."""
    person, world = setting.person, setting.world
    strangers = [one for one in world.people if one.tenant != person.tenant]
    stranger = setting.draw.choice(strangers).subject
    body = {"subject": stranger}
    may = person.role in _MANAGES_ACCESS
    if may:
        # The name is on the record of their own tenant from now on, because they named it.
        setting.known.words_of(person).add(word_of(stranger))
    return setting.probe("/v1/tokens/revoke", set(), status=200 if may else 403, body=body)


def _widget_token(setting: Setting) -> Probe:
    """Without an API key nobody gets one."""
    body = {"subject": setting.say(), "origin": "https://portal.example"}
    return setting.probe("/v1/widget-tokens", set(), status=403, body=body)


def _chain_words(setting: Setting, *, house: bool) -> set[str]:
    """All that the record of a tenant may tell: what its people said, were told, and did."""
    world, tenant = setting.world, setting.person.tenant
    words = _keys_words(setting)
    for document in (*world.oracle.documents.values(), *world.deleted):
        if document.owner == tenant:
            words |= document.words | {document.id}
            for version in (*document.versions, *document.forgotten):
                words |= version.note_words | version.actor_words | version.supersedes_words
                words |= {word_of(one) for one in version.audience if one.startswith("tenant:")}
    words |= setting.known.uploaded.get(tenant, set())
    words |= {one for one, who in setting.known.outcomes.items() if who.tenant == tenant}
    if house:
        words |= {word_of(one) for one in world.tenants}
    return words


def _audit(setting: Setting) -> Probe:
    house = setting.draw.random() < 0.3
    person = setting.person
    may = person.role in _READS_AUDIT and (not house or person.tenant == setting.world.operator)
    query = {"limit": str(setting.draw.choice([5, 100, 1000]))}
    if house:
        query["chain"] = "house"
    if setting.draw.random() < 0.3:
        query["actor"] = setting.draw.choice(setting.world.people).subject
    return setting.probe(
        setting.operation.partition(" ")[2],
        _chain_words(setting, house=house),
        status=200 if may else 403,
        query=query
        if setting.operation.endswith("audit")
        else {"chain": query.get("chain", "own")},
    )


def _upload(setting: Setting) -> Probe:
    """A document of one's own, which nobody else may hear of, and for whom one may not speak."""
    person, world = setting.person, setting.world
    name = world.canaries.make(Kind.ADDRESS, f"a file that {person.tenant} uploaded")
    title = world.canaries.make(Kind.TITLE, f"the title of a file that {person.tenant} uploaded")
    text = world.canaries.make(Kind.TEXT, f"the text of a file that {person.tenant} uploaded")
    audience = setting.draw.choice(["internal", "partners", f"tenant:{world.tenants[0]}"])
    metadata = {"title": title, "audience": [audience]}
    beyond = audience not in ("internal", f"tenant:{person.tenant}")
    may = person.role in MAY[Deed.SUBMIT]
    if may and beyond and person.role is Role.PARTNER_ADMIN:
        may = False

    def done(response: "httpx2.Response") -> str:
        setting.known.uploaded.setdefault(person.tenant, set()).update({name, title})
        setting.known.jobs[response.json()["job_id"]] = person
        return ""

    return setting.probe(
        "/v1/documents",
        {name, title},
        status=202 if may else 403,
        body={"metadata": json.dumps(metadata)},
        files=[(f"{name}.md", f"# {title}\n\nThe {setting.document.topic} is {text}.\n")],
        done=done,
    )


def _jobs_words(setting: Setting) -> set[str]:
    tenant, known = setting.person.tenant, setting.known
    own = {job for job, who in known.jobs.items() if who.tenant == tenant}
    return own | known.uploaded.get(tenant, set())


def _jobs(setting: Setting) -> Probe:
    may = setting.person.role in MAY[Deed.SUBMIT]
    return setting.probe("/v1/jobs", _jobs_words(setting), status=200 if may else 403)


def _job(setting: Setting) -> Probe:
    known, person = setting.known, setting.person
    wanted = setting.draw.choice([*known.jobs, "job_nobodys"])
    mine = wanted in known.jobs and known.jobs[wanted].tenant == person.tenant
    status = 200 if mine and person.role in MAY[Deed.SUBMIT] else 404
    return setting.probe(
        f"/v1/jobs/{wanted}",
        _jobs_words(setting),
        status=status,
        nobodys="/v1/jobs/job_nobodys_either" if status == 404 else "",
    )


INSIDE: Mapping[str, Callable[[Setting], Probe]] = {
    "POST /v1/documents/{document_id}/submit": _deed,
    "POST /v1/documents/{document_id}/approve": _deed,
    "POST /v1/documents/{document_id}/reject": _deed,
    "POST /v1/documents/{document_id}/withdraw": _deed,
    "DELETE /v1/documents/{document_id}": _deed,
    "GET /v1/documents/{document_id}/versions/{version}/text": _text,
    "GET /v1/documents/{document_id}/versions/{version}/outcomes": _citing,
    "GET /v1/documents/{document_id}/diff": _diff,
    "POST /v1/keys": _make_key,
    "GET /v1/keys": _list_keys,
    "DELETE /v1/keys/{key_id}": _end_key,
    "POST /v1/tokens/revoke": _revoke,
    "POST /v1/widget-tokens": _widget_token,
    "GET /v1/audit": _audit,
    "GET /v1/audit/verification": _audit,
    "POST /v1/documents": _upload,
    "GET /v1/jobs": _jobs,
    "GET /v1/jobs/{job_id}": _job,
}
