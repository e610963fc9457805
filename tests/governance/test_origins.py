import pytest

from foundation.errors import InvalidRequestError
from governance.origins import Sender, checked_origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://portal.example", "https://portal.example:8443", "http://localhost:3000",
        "http://127.0.0.1:8000", "http://[::1]:8000", "https://xn--bcher-kva.example",
        "http://intranet", "http://portal.example:443",
    ],
)  # fmt: skip
def test_an_origin_as_browsers_write_it_is_one(origin: str):
    assert checked_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "", "null", "*", "portal.example", "https://", "https://portal.example/",
        "https://portal.example/path", "https://portal.example?x", "https://portal.example#x",
        "https://Portal.example", "HTTPS://portal.example", "https://portal.example:443",
        "http://portal.example:80", "https://portal.example:", "https://portal.example:0",
        "https://portal.example:65536", "https://portal.example:\u0661", "https://kim@portal.example",
        "https://*.example", "https://bücher.example", "ftp://portal.example", "https://a..b",
        "https://portal.example ", "https://portal.example\n", "file://", "https://-a",
        "https://[::1", "https://::1", "data:text/html,x", "https://" + "a" * 120,
    ],
)  # fmt: skip
def test_anything_else_is_told_how_to_be_written(origin: str):
    with pytest.raises(InvalidRequestError, match="origin"):
        checked_origin(origin)


AT = "https://portal.example"
SAME = {"fetch_sites": ["same-origin"], "hosts": ["portal.example"]}


@pytest.mark.parametrize(
    "sender",
    [
        Sender(origins=[AT]),
        Sender(origins=[AT], hosts=["copilot.example"], fetch_sites=["cross-site"]),
        Sender(**SAME),
        Sender(fetch_sites=["same-origin"], hosts=["PORTAL.example"]),
    ],
)
def test_a_page_of_the_origin_is_there(sender: Sender):
    assert sender.is_at(AT)


@pytest.mark.parametrize(
    "sender",
    [
        Sender(),
        Sender(origins=["https://evil.example"]),
        Sender(origins=["https://evil.example"], **SAME),
        Sender(origins=["null"], **SAME),
        Sender(origins=[""], **SAME),
        Sender(origins=[AT, "https://evil.example"]),
        Sender(origins=["http://portal.example"]),
        Sender(origins=["https://portal.example:8443"]),
        Sender(origins=["https://portal.example.evil.example"]),
        Sender(origins=[f"{AT}/"]),
        Sender(hosts=["portal.example"]),
        Sender(fetch_sites=["same-site"], hosts=["portal.example"]),
        Sender(fetch_sites=["same-origin", "none"], hosts=["portal.example"]),
        Sender(fetch_sites=["same-origin"], hosts=["portal.example", "evil.example"]),
        Sender(fetch_sites=["same-origin"], hosts=["evil.example"]),
        Sender(fetch_sites=["same-origin"]),
    ],
)
def test_anybody_else_is_not(sender: Sender):
    assert not sender.is_at(AT)
