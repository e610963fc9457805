"""Words an answer through a chat model, sentence by sentence, as the sentences come."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing

from copilot.evidence import Claim, Evidence
from copilot.model_line import TOO_LONG, ModelLine
from copilot.model_reply import ModelUnavailableError, Trouble
from copilot.prompt import ANSWER, answer_prompt
from copilot.question import Question
from copilot.reply_reading import ReplyReader
from governance.chat_policy import ChatModelPolicy

CHAT_MODEL = "chat_model"
_TOO_LONG = frozenset({TOO_LONG, "max_tokens", "model_length", "MAX_TOKENS"})


class ChatWriter:
    """Yields claims that nobody has checked: each must be grounded before anyone sees it."""

    name = CHAT_MODEL
    prompt_version = ANSWER

    def __init__(self, line: ModelLine, policy: Callable[[], ChatModelPolicy]) -> None:
        self._line = line
        self._policy = policy

    def sentences(
        self, question: Question, evidence: Sequence[Evidence], *, tenant: str
    ) -> Generator[Claim]:
        """Claims as they are complete, with keys of the evidence that they name, perhaps none.

        The question is a standalone one: earlier turns are not shown. Raises
        `ModelUnavailableError`, at once or after some claims; closing it stops the model.
        """
        prompt, shown = answer_prompt(
            question.text, evidence, most_tokens=self._policy().prompt_tokens
        )
        reader = ReplyReader(frozenset(one.key for one in shown))
        ends, said = "", False
        with closing(self._line.say(prompt, tenant)) as pieces:
            try:
                for piece in pieces:
                    ends = piece.ends or ends
                    said = said or bool(piece.text.strip())
                    yield from reader.feed(piece.text)
                    if reader.exhausted:
                        return
            except ModelUnavailableError:
                yield from reader.end(cut=True)
                raise
        yield from reader.end(cut=not ends or ends in _TOO_LONG)
        if not said or (reader.unfinished and not ends):
            raise ModelUnavailableError(Trouble.BROKEN_REPLY)
