"""A real small model that rambles and invents: nothing of that reaches anybody, alive or killed."""

import subprocess
from collections.abc import Iterator

import pytest

from copilot.budget import Budget
from copilot.chat_model import LangChainModel
from copilot.chat_writer import ChatWriter
from copilot.evidence import Claim, Draft, Evidence
from copilot.grounding import Grounder, has_substance
from copilot.model_line import ModelLine
from copilot.model_reply import Prompt
from copilot.question import read_question
from copilot.wording import ModelAnswer, Wordings
from foundation.clock import system_clock
from governance.chat_policy import ChatModelPolicy
from governance.limit_counters import MemoryCounters
from tests.copilot.passages import passage
from tests.copilot.test_wording import judge
from tests.fakes.small_model import is_installed, small_model

pytestmark = pytest.mark.skipif(
    not is_installed(), reason="needs a real model and its server: the packages of the `test` extra"
)

PASSAGES = [
    passage("Gold partners get a first response within two hours."),
    passage("Refunds are paid within ten days.", document="doc_refunds", rank=2),
]
POLICY = ChatModelPolicy(
    first_token_seconds=120, whole_seconds=180, retries=0, reply_tokens=40, prompt_tokens=1_000
)
Model = tuple[str, "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    with small_model(tmp_path_factory.mktemp("weights")) as served:
        yield served


def line(model: Model) -> ModelLine:
    made = LangChainModel("openai:gemma", base_url=model[0])
    return ModelLine(made, lambda: POLICY, Budget(lambda: POLICY, MemoryCounters(), system_clock))


def answer(model: Model, text: str) -> ModelAnswer:
    quote = Evidence(
        key=1, passage=PASSAGES[0], start=0, end=len(PASSAGES[0].chunk.text), sentences=()
    )
    draft = Draft(
        claims=(Claim(text=quote.quote, keys=(1,)),), evidence=(quote,), writer="extractive"
    )
    wordings = Wordings(
        ChatWriter(line(model), lambda: POLICY), Grounder(None), has_substance, lambda: POLICY
    )
    question = read_question(text, {})
    return wordings.begin(question, PASSAGES, draft, judge(draft), judge, tenant="acme")


def test_it_streams_and_what_is_shown_rests_on_its_quotes(model: Model) -> None:
    for text in ("How fast is a first response?", "When are refunds paid?"):
        worded = answer(model, text)
        for one in worded.sentences():
            for number in ("two", "ten"):
                if number in one.text:
                    assert any(number in cited.quote for cited in one.evidence)
        assert "two hours" in worded.result().draft.text or worded.result().notice == ""


# The last one: nothing answers any more after it.
def test_killed_in_the_middle_of_a_reply_it_leaves_a_whole_answer(model: Model) -> None:
    prompt = Prompt(system="Count.", user="one two three four five six seven", version="test")
    pieces = line(model).say(prompt, "acme")
    assert next(pieces) is not None
    model[1].kill()
    model[1].wait()
    pieces.close()
    worded = answer(model, "How fast is a first response?")
    assert list(worded.sentences()) == []
    assert "two hours" in worded.result().draft.text
    assert worded.result().notice
