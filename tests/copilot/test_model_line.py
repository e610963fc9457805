"""What happens to a question on its way to a chat model, against a server that misbehaves."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from copilot.breaker import State
from copilot.budget import Budget
from copilot.chat_model import LangChainModel
from copilot.model_line import ModelLine
from copilot.model_reply import Bounds, ModelUnavailableError, Piece, Prompt, Trouble
from foundation.clock import system_clock
from foundation.errors import ConfigurationError
from governance.chat_policy import BreakerPolicy, ChatModelPolicy
from governance.limit_counters import MemoryCounters
from tests.fakes.scripted_chat import (
    FOREVER,
    CallTool,
    Cut,
    Drip,
    End,
    Endless,
    Raw,
    Refuse,
    Say,
    Script,
    ScriptedChat,
    Wait,
    says,
    scripted_chat,
)
from tests.fakes.waiting import wait_until

KEY = "sk-canary-4711"
PROMPT = Prompt(system="Answer.", user="How fast?", version="test")
QUICK = ChatModelPolicy(
    first_token_seconds=0.6, whole_seconds=1.5, retries=2, concurrent=2, reply_tokens=50
)
# Where the time limit is not what is tested, a busy machine must not run into it.
PATIENT = QUICK.model_copy(update={"first_token_seconds": 10.0, "whole_seconds": 20.0})


class Watch:
    def __init__(self) -> None:
        self.results: list[str] = []
        self.first_words: list[float | None] = []
        self.retries = 0
        self.tokens = (0, 0)
        self.state = State.CLOSED

    def called(self, result: str, first_word_seconds: float | None) -> None:
        self.results.append(result)
        self.first_words.append(first_word_seconds)

    def retried(self) -> None:
        self.retries += 1

    def spent(self, prompt_tokens: int, reply_tokens: int) -> None:
        self.tokens = (prompt_tokens, reply_tokens)

    def breaker(self, state: State) -> None:
        self.state = state


class At:
    """A line to a scripted server."""

    def __init__(self, chat: ScriptedChat, policy: ChatModelPolicy = PATIENT) -> None:
        self.chat = chat
        self.policy = policy
        self.watch = Watch()
        model = LangChainModel("openai:scripted", base_url=chat.url, api_key=SecretStr(KEY))
        budget = Budget(lambda: self.policy, MemoryCounters(), system_clock)
        self.line = ModelLine(model, lambda: self.policy, budget, chance=lambda: 0.0)
        self.line.watchers.append(self.watch)

    def said(self) -> str:
        return "".join(piece.text for piece in self.line.say(PROMPT, "acme"))

    def trouble(self) -> Trouble:
        with pytest.raises(ModelUnavailableError) as caught:
            self.said()
        return caught.value.trouble


@pytest.fixture
def at() -> Iterator[Callable[..., At]]:
    servers = []

    def opened(*scripts: Script, policy: ChatModelPolicy = PATIENT) -> At:
        server = scripted_chat(*scripts)
        servers.append(server)
        return At(server.__enter__(), policy)

    yield opened
    for one in servers:
        one.__exit__(None, None, None)


def test_a_reply_comes_in_pieces_while_it_is_being_made(at: Callable[..., At]) -> None:
    house = at([Say("Two "), Wait(FOREVER), Say("hours."), End()])
    with closing(house.line.say(PROMPT, "acme")) as pieces:
        assert next(pieces).text == "Two "
        assert house.chat.sent == ["Two "]
        house.chat.go_on.set()
        assert "".join(piece.text for piece in pieces) == "hours."
    assert house.watch.results == ["ok"]
    assert house.watch.tokens[1] > 0


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        ([Refuse(500)], Trouble.DOWN),
        ([Refuse(503)], Trouble.DOWN),
        ([Refuse(429)], Trouble.BUSY),
        ([Refuse(401)], Trouble.DOWN),
        ([Wait(FOREVER)], Trouble.SLOW),
        ([Raw(b"data: {half\n\n")], Trouble.BROKEN_REPLY),
        ([Raw(b"data: \xff\xfe\n\n"), End()], Trouble.BROKEN_REPLY),
        ([Raw(b'data: {"error": {"message": "out of memory"}}\n\n')], Trouble.BROKEN_REPLY),
        ([Cut()], Trouble.BROKEN_REPLY),
        ([Say("Two "), Cut()], Trouble.BROKEN_REPLY),
        ([Say("Two "), Wait(FOREVER)], Trouble.SLOW),
    ],
)
def test_every_kind_of_failure_has_its_word(
    at: Callable[..., At], script: Script, trouble: Trouble
) -> None:
    house = at(script, policy=QUICK if trouble is Trouble.SLOW else PATIENT)
    began = time.monotonic()
    assert house.trouble() is trouble
    assert time.monotonic() - began < PATIENT.first_token_seconds
    assert house.watch.results == [trouble.value]


def test_a_model_that_is_not_there_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chat = ScriptedChat([])
    chat.url = f"http://127.0.0.1:{port}/v1"
    assert At(chat).trouble() is Trouble.DOWN


def test_it_is_tried_again_before_the_first_word(at: Callable[..., At]) -> None:
    house = at([Refuse(500)], [Refuse(429)], says("Two hours."))
    assert house.said() == "Two hours."
    assert house.watch.retries == 2


def test_it_is_not_tried_again_for_ever(at: Callable[..., At]) -> None:
    house = at([Refuse(500)])
    house.trouble()
    assert len(house.chat.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_tried_again(at: Callable[..., At], status: int) -> None:
    house = at([Refuse(status)], says("Two hours."))
    house.trouble()
    assert len(house.chat.requests) == 1


def test_what_has_begun_is_not_begun_again(at: Callable[..., At]) -> None:
    house = at([Say("Two "), Cut()], says("Three hours."))
    house.trouble()
    assert len(house.chat.requests) == 1


def test_a_pause_that_it_asks_for_is_kept(at: Callable[..., At]) -> None:
    policy = QUICK.model_copy(update={"first_token_seconds": 5.0, "whole_seconds": 9.0})
    house = at([Refuse(429, {"Retry-After": "1"})], says("Two hours."), policy=policy)
    began = time.monotonic()
    assert house.said() == "Two hours."
    assert time.monotonic() - began >= 1


def test_a_pause_longer_than_anybody_waits_is_not_waited_for(at: Callable[..., At]) -> None:
    house = at([Refuse(429, {"Retry-After": "60"})])
    began = time.monotonic()
    assert house.trouble() is Trouble.BUSY
    assert time.monotonic() - began < 2
    assert len(house.chat.requests) == 1


def test_a_reply_without_end_ends_at_its_bound(at: Callable[..., At]) -> None:
    house = at([Endless("and on ")])
    pieces = list(house.line.say(PROMPT, "acme"))
    assert pieces[-1].ends == "length"
    assert house.watch.tokens[1] <= QUICK.reply_tokens + 3
    wait_until(lambda: not _calls_under_way())


def test_slow_drops_end_when_the_whole_takes_too_long(at: Callable[..., At]) -> None:
    drops = [step for _ in range(40) for step in (Say("and "), Wait(0.2))]
    house = at(drops, policy=QUICK)
    began = time.monotonic()
    assert house.trouble() is Trouble.SLOW
    assert time.monotonic() - began < 3


def test_more_at_once_than_there_are_places_is_busy(at: Callable[..., At]) -> None:
    house = at([Say("Two "), Wait(FOREVER), End()], policy=QUICK)
    first, second = house.line.say(PROMPT, "acme"), house.line.say(PROMPT, "acme")
    with closing(first), closing(second):
        next(first)
        next(second)
        assert house.trouble() is Trouble.BUSY
    house.chat.go_on.set()
    wait_until(lambda: not _calls_under_way())
    assert house.said() == "Two "


def test_what_was_not_sent_is_not_paid_for(at: Callable[..., At]) -> None:
    policy = QUICK.model_copy(update={"concurrent": 1, "tokens_per_day": 200})
    house = at([Say("Two "), Wait(FOREVER), End()], policy=policy)
    with closing(house.line.say(PROMPT, "acme")) as pieces:
        next(pieces)
        for _ in range(10):
            assert house.trouble() is Trouble.BUSY
        assert house.watch.tokens == (0, 0)
    house.chat.go_on.set()
    wait_until(lambda: not _calls_under_way())
    assert house.said() == "Two "


def test_calls_that_hang_keep_their_places_until_they_have_ended(at: Callable[..., At]) -> None:
    house = at([Wait(FOREVER)], policy=QUICK)
    for _ in range(2):
        with (
            closing(house.line.say(PROMPT, "acme")) as pieces,
            pytest.raises(ModelUnavailableError),
        ):
            next(pieces)
    wait_until(lambda: not _calls_under_way())


def test_comments_that_only_keep_the_connection_alive_end_with_the_time(
    at: Callable[..., At],
) -> None:
    house = at([Drip(0.05)], [Say("Two "), Drip(0.05)], says("Two hours."), policy=QUICK)
    assert house.trouble() is Trouble.SLOW
    assert house.trouble() is Trouble.SLOW
    wait_until(lambda: not _calls_under_way())
    assert not house.chat.go_on.is_set()
    house.policy = PATIENT
    assert house.said() == "Two hours."


def test_calls_that_never_end_are_not_everybodys_busy_for_ever() -> None:
    class Hung:
        def __init__(self) -> None:
            self.hangs = True
            self.end = threading.Event()

        def stream(self, prompt: Prompt, bounds: Bounds) -> Iterator[Piece]:  # noqa: ARG002
            if self.hangs:
                self.end.wait()
            yield Piece(text="Two hours.", ends="stop")

    model, later, policy = Hung(), 0.0, QUICK
    budget = Budget(lambda: policy, MemoryCounters(), system_clock)
    line = ModelLine(model, lambda: policy, budget, now=lambda: time.monotonic() + later)

    def trouble() -> Trouble:
        with pytest.raises(ModelUnavailableError) as caught:
            list(line.say(PROMPT, "acme"))
        return caught.value.trouble

    assert [trouble() for _ in range(3)] == [Trouble.SLOW, Trouble.SLOW, Trouble.BUSY]
    later, policy, model.hangs = 60.0, PATIENT, False
    assert "".join(piece.text for piece in line.say(PROMPT, "acme")) == "Two hours."
    assert _calls_under_way()
    model.end.set()
    wait_until(lambda: not _calls_under_way())


def thinking(seconds: float) -> Script:
    delta = b'{"role": "assistant", "content": "", "reasoning_content": "hm"}'
    event = b'data: {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", '
    event += b'"choices": [{"index": 0, "delta": ' + delta + b', "finish_reason": null}]}\n\n'
    return [step for _ in range(round(seconds / 0.1)) for step in (Raw(event), Wait(0.1))]


def test_a_model_that_sends_its_reasoning_is_not_silent(at: Callable[..., At]) -> None:
    policy = PATIENT.model_copy(update={"first_token_seconds": 1.5})
    house = at([*thinking(2.5), *says("Two hours.")], policy=policy)
    pieces = list(house.line.say(PROMPT, "acme"))
    assert "".join(piece.text for piece in pieces) == "Two hours."
    assert all(piece.text or piece.ends for piece in pieces)
    told = house.watch.first_words[0]
    assert told is not None
    assert told > 2


def test_a_model_that_only_reasons_takes_no_longer_than_a_whole_reply(
    at: Callable[..., At],
) -> None:
    house = at(thinking(10), policy=QUICK)
    began = time.monotonic()
    assert house.trouble() is Trouble.SLOW
    assert time.monotonic() - began < 5


def test_a_model_that_keeps_failing_is_left_alone(at: Callable[..., At]) -> None:
    policy = QUICK.model_copy(
        update={"retries": 0, "breaker": BreakerPolicy(failures=2, pause_seconds=0.4)}
    )
    house = at([Refuse(500)], [Refuse(500)], says("Two hours."), policy=policy)
    house.trouble()
    house.trouble()
    assert house.watch.state is State.OPEN
    assert house.trouble() is Trouble.DOWN
    assert len(house.chat.requests) == 2
    time.sleep(0.5)
    assert house.said() == "Two hours."
    assert house.watch.state is State.CLOSED


def test_a_prompt_that_is_refused_does_not_count_against_the_model(at: Callable[..., At]) -> None:
    policy = QUICK.model_copy(update={"breaker": BreakerPolicy(failures=1, pause_seconds=60)})
    house = at([Refuse(400)], says("Two hours."), policy=policy)
    house.trouble()
    assert house.said() == "Two hours."


def test_over_budget_nothing_is_sent(at: Callable[..., At]) -> None:
    house = at(says("Two hours."), policy=QUICK.model_copy(update={"tokens_per_day": 60}))
    assert house.trouble() is Trouble.OVER_BUDGET
    assert house.chat.requests == []


def test_a_tool_that_nobody_offered_is_not_called(at: Callable[..., At]) -> None:
    house = at([CallTool(), End("tool_calls")])
    assert house.said() == ""
    assert "tools" not in house.chat.requests[0]


def test_the_key_is_sent_to_the_model_and_told_nowhere_else(
    at: Callable[..., At], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "copilot")
    house = at([Refuse(401, message=f"bad key {KEY}")])
    with pytest.raises(ModelUnavailableError) as caught:
        house.said()
    assert house.chat.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text
    assert "How fast" not in caplog.text
    assert KEY not in repr(caught.value.__cause__) + str(caught.value)


def test_no_trace_is_sent_wherever_the_environment_wants_it(
    at: Callable[..., At], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = at(says("Two hours."))
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", house.chat.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", "trace")
    house.said()
    time.sleep(0.3)
    assert set(house.chat.paths) == {"/v1/chat/completions"}


def test_a_key_of_the_environment_goes_to_no_other_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with scripted_chat(says("Two hours.")) as chat:
        policy = QUICK
        model = LangChainModel("openai:scripted", base_url=chat.url)
        budget = Budget(lambda: policy, MemoryCounters(), system_clock)
        list(ModelLine(model, lambda: policy, budget).say(PROMPT, "acme"))
        assert KEY not in str(chat.headers)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody:model", "provider"),
        ("mistralai:large", "langchain-mistralai"),
        ("openai:gpt", "COPILOT_CHAT_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_made_is_told_at_the_start(
    name: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        LangChainModel(name)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["anthropic:claude", "azure_openai:gpt", "ollama:llama"])
def test_other_providers_are_made_by_their_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(f"langchain_{name.partition(':')[0].removeprefix('azure_')}")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    LangChainModel(name, base_url="http://127.0.0.1:1", api_key=SecretStr(KEY))


def _calls_under_way() -> bool:
    return any(one.name == "chat-model" for one in threading.enumerate())
