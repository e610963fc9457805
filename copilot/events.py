"""The story of an ask as server-sent events, as they go over the wire."""

from collections.abc import Callable, Generator, Iterator

from pydantic import BaseModel

from copilot.answer import Citation
from copilot.ask import Event, Reply, Status, Token
from copilot.schemas import citation_json
from foundation.problem import Problem


class StatusJson(BaseModel):
    """Data of a `status` event: what the copilot is doing."""

    state: str


class TokenJson(BaseModel):
    """Data of a `token` event: the next part of the text."""

    text: str


def server_sent(
    events: Iterator[Event], problem_of: Callable[[Exception], Problem]
) -> Generator[bytes]:
    """Each event in its wire form; a failure on the way becomes the last one, `error`.

    Closing the iterator closes `events` too, so that work nobody waits for ends.
    """
    try:
        for event in events:
            yield _wire(event)
    except Exception as error:  # noqa: BLE001 - the status line is long gone; this is where it is told
        yield _framed("error", problem_of(error).encoded().decode())
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def _wire(event: Event) -> bytes:
    match event:
        case Status():
            return _framed("status", StatusJson(state=event.state).model_dump_json())
        case Citation():
            return _framed("citation", citation_json(event).model_dump_json())
        case Token():
            return _framed("token", TokenJson(text=event.text).model_dump_json())
        case Reply():
            return _framed("outcome", event.body.model_dump_json())


def _framed(name: str, data: str) -> bytes:
    # JSON has no raw line ends, so one `data:` line carries it whole.
    return f"event: {name}\ndata: {data}\n\n".encode()
