"""The law behind API keys: whatever a key may do or read, its maker may do and read."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings, target
from hypothesis import strategies as st

from governance.identity import CredentialKind, ForbiddenError, Identity
from governance.key_rules import check_within
from governance.principal import Permission, Principal, Role
from governance.visibility import ALWAYS_FROM, ALWAYS_TO, Access, visible_to

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TENANTS = st.sampled_from(["northstar", "acme", "bolt"])
NAMES = st.lists(st.sampled_from(["acme", "bolt", "cobalt"]), unique=True, max_size=3)
ROLES = st.frozensets(st.sampled_from(list(Role)), min_size=1, max_size=3)
SCOPES = st.frozensets(st.sampled_from(list(Permission)), max_size=3)
AUDIENCES = st.frozensets(
    st.sampled_from(
        ["partners", "internal", "tenant:acme", "tenant:bolt", "tenant:northstar", "tier:gold",
         "tier:silver", "region:emea"]
    ),
    min_size=1, max_size=3,
)  # fmt: skip


@st.composite
def attributes(draw: st.DrawFn) -> dict[str, str]:
    found = {
        "tier": draw(st.sampled_from(["", "gold", "GOLD", "silver"])),
        "region": draw(st.sampled_from(["", "emea"])),
        "partners": ",".join(draw(NAMES)),
        "queues": ",".join(draw(NAMES)),
    }
    return {name: value for name, value in found.items() if value}


@st.composite
def people(draw: st.DrawFn) -> Principal:
    return Principal(
        subject="ada",
        tenant=draw(TENANTS),
        roles=draw(st.one_of(st.just(frozenset({Role.CHANNEL_MANAGER})), ROLES)),
        attributes=draw(attributes()),
    )


@st.composite
def keys(draw: st.DrawFn, maker: Principal) -> Principal:
    # Near the maker, or hardly any would be allowed.
    return Principal(
        subject="key:1",
        tenant=draw(st.one_of(st.just(maker.tenant), TENANTS)),
        roles=draw(st.one_of(st.just(maker.roles), ROLES)),
        attributes=draw(st.one_of(st.just(maker.attributes), attributes())),
        scopes=draw(st.one_of(st.none(), SCOPES)),
    )


@st.composite
def documents(draw: st.DrawFn, owner: str) -> Access:
    # Often the maker's own, about one partner: there the rule has most to say.
    one_partner = st.sampled_from(["acme", "bolt"]).map(lambda name: frozenset({f"tenant:{name}"}))
    audience = draw(st.one_of(one_partner, AUDIENCES))
    return Access(
        tenant=draw(st.one_of(st.just(owner), TENANTS)),
        audience=audience,
        document_audience=draw(st.one_of(st.just(audience), AUDIENCES)),
        approved=True,
        valid_from=ALWAYS_FROM,
        valid_to=ALWAYS_TO,
        doc_type="policy",
        product="",
        releases=frozenset(),
    )


@settings(max_examples=400)
@given(st.data())
def test_a_key_that_may_be_made_may_nothing_that_its_maker_may_not(data: st.DataObject):
    maker = data.draw(people())
    made = data.draw(keys(maker))
    identity = Identity(
        principal=maker,
        kind=CredentialKind.LOCAL_TOKEN,
        token_id="tok_1",
        issued=NOW,
        expires=NOW + timedelta(hours=1),
    )
    try:
        check_within(made, identity)
    except ForbiddenError:
        target(0.0)
        return
    target(1.0)
    assert made.permissions <= maker.permissions
    assert made.tenant == maker.tenant
    theirs, own = (visible_to(one, today=date(2026, 11, 23)) for one in (made, maker))
    for document in data.draw(st.lists(documents(maker.tenant), min_size=3, max_size=6)):
        if theirs.admits(document):
            assert own.admits(document), (made, maker, document)
