from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import InvalidRequestError
from governance.principal import Permission, Principal, Role
from governance.visibility import ALWAYS_FROM, ALWAYS_TO, Access, Filters, visible_to

TODAY = date(2026, 11, 23)


def access(**changes: object) -> Access:
    values: dict[str, object] = {
        "tenant": "northstar",
        "audience": frozenset({"partners"}),
        "document_audience": frozenset({"partners"}),
        "approved": True,
        "valid_from": ALWAYS_FROM,
        "valid_to": ALWAYS_TO,
        "doc_type": "policy",
        "product": "",
        "releases": frozenset(),
    }
    return Access(**(values | changes))  # type: ignore[arg-type]


def principal(tenant: str = "acme", role: Role = Role.PARTNER_CONSULTANT, **attributes: str):
    return Principal(
        subject="someone", tenant=tenant, roles=frozenset({role}), attributes=attributes
    )


def sees(who: Principal, what: Access, **filters: object) -> bool:
    return visible_to(who, today=TODAY, filters=Filters(**filters)).admits(what)  # type: ignore[arg-type]


def both(audience: str) -> dict[str, object]:
    return {"audience": frozenset({audience}), "document_audience": frozenset({audience})}


def test_a_partner_reads_what_is_for_partners():
    assert sees(principal(), access())


def test_a_partner_reads_what_is_for_its_tier_and_region_only():
    gold = access(**both("tier:gold"))
    assert sees(principal(tier="Gold"), gold)
    assert not sees(principal(tier="silver"), gold)
    assert not sees(principal(), gold)


def test_one_partner_does_not_read_what_is_for_another():
    assert sees(principal("acme"), access(**both("tenant:acme")))
    assert not sees(principal("birchwood"), access(**both("tenant:acme")))


def test_an_owner_reads_its_own_internal_documents():
    assert sees(principal("northstar", Role.CONTENT_OWNER), access(**both("internal")))


@pytest.mark.parametrize("role", list(Role))
def test_internal_never_opens_to_another_tenants_staff(role: Role):
    assert not sees(principal("acme", role), access(**both("internal")))


@pytest.mark.parametrize("role", list(Role))
def test_what_is_not_approved_is_read_by_nobody(role: Role):
    assert not sees(principal("northstar", role), access(approved=False))


def test_validity_includes_both_of_its_days():
    only_today = access(valid_from=TODAY.toordinal(), valid_to=TODAY.toordinal())
    assert sees(principal(), only_today)
    assert not sees(principal(), only_today, as_of=date(2026, 11, 22))
    assert not sees(principal(), access(valid_from=TODAY.toordinal() + 1))


def test_the_future_cannot_be_asked_for():
    with pytest.raises(InvalidRequestError, match="in the future"):
        visible_to(principal(), today=TODAY, filters=Filters(as_of=date(2027, 1, 1)))


def test_an_old_version_closes_to_those_whom_the_newer_one_shuts_out():
    assert not sees(principal(), access(document_audience=frozenset({"internal"})))


def test_product_and_release_filters_keep_what_holds_for_all():
    bound = access(product="shopfront", releases=frozenset({"24.1", "24.2"}))
    assert sees(principal(), bound, product="Shopfront", release="v24.2")
    assert not sees(principal(), bound, product="ledger")
    assert not sees(principal(), bound, release="25.1")
    assert sees(principal(), access(), product="ledger", release="25.1")


def test_a_channel_manager_reads_of_single_partners_the_assigned_ones_only():
    manager = principal("northstar", Role.CHANNEL_MANAGER, partners="acme, cobalt")
    assert sees(manager, access(**both("tenant:acme")))
    assert sees(manager, access(**both("tenant:cobalt")))
    assert not sees(manager, access(**both("tenant:birchwood")))
    shared = frozenset({"tenant:acme", "tenant:birchwood"})
    assert sees(manager, access(audience=shared, document_audience=shared))
    assert sees(manager, access(**both("internal")))
    assert sees(manager, access(**both("tier:gold")))


def test_a_channel_manager_without_assignment_reads_of_no_single_partner():
    manager = principal("northstar", Role.CHANNEL_MANAGER)
    assert not sees(manager, access(**both("tenant:acme")))
    assert sees(manager, access())


def test_an_assignment_opens_nothing_that_the_partner_owns_itself():
    manager = principal("northstar", Role.CHANNEL_MANAGER, partners="acme")
    assert not sees(manager, access(tenant="acme", **both("tenant:acme")))
    assert not sees(manager, access(tenant="acme", **both("internal")))


def test_a_lesser_role_beside_it_does_not_widen_what_a_channel_manager_reads():
    both_roles = Principal(
        subject="someone",
        tenant="northstar",
        roles=frozenset({Role.CHANNEL_MANAGER, Role.PARTNER_CONSULTANT}),
    )
    assert not sees(both_roles, access(**both("tenant:acme")))


def test_a_channel_manager_manages_no_documents_whatever_lesser_roles_there_are():
    both_roles = Principal(
        subject="someone",
        tenant="northstar",
        roles=frozenset({Role.CHANNEL_MANAGER, Role.PARTNER_ADMIN}),
    )
    assert not both_roles.may(Permission.READ_UNPUBLISHED)
    assert not both_roles.may(Permission.APPROVE_DOCUMENTS)
    assert both_roles.may(Permission.REVIEW_PARTNERS)


audiences = st.frozensets(
    st.sampled_from(["partners", "internal", "tier:gold", "region:emea", "tenant:acme"]),
    min_size=1,
)
accesses = st.builds(
    Access,
    tenant=st.sampled_from(["northstar", "acme", "birchwood"]),
    audience=audiences,
    document_audience=audiences,
    approved=st.booleans(),
    valid_from=st.integers(TODAY.toordinal() - 3, TODAY.toordinal() + 3),
    valid_to=st.integers(TODAY.toordinal() - 3, TODAY.toordinal() + 3),
    doc_type=st.sampled_from(["policy", "faq"]),
    product=st.sampled_from(["", "shopfront"]),
    releases=st.frozensets(st.sampled_from(["24.1", "24.2"])),
)
filters = st.builds(
    Filters,
    doc_types=st.frozensets(st.sampled_from(["policy", "faq"])),
    product=st.sampled_from([None, "shopfront", "ledger"]),
    release=st.sampled_from([None, "24.1"]),
)


@given(accesses, filters, st.sampled_from(list(Role)))
def test_a_filter_only_ever_takes_away(what: Access, narrowed: Filters, role: Role):
    who = principal("acme", role, tier="gold")
    if visible_to(who, today=TODAY, filters=narrowed).admits(what):
        assert visible_to(who, today=TODAY).admits(what)


@given(accesses, st.sampled_from(list(Role)))
def test_nothing_of_another_tenant_is_read_unless_its_audience_names_the_reader(
    what: Access, role: Role
):
    who = principal("birchwood", role)
    if what.tenant != "birchwood" and visible_to(who, today=TODAY).admits(what):
        assert "partners" in what.audience
        assert "partners" in what.document_audience
