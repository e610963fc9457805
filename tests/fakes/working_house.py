"""A house at work, in a process of its own, until it is killed: asked, escalated, approved."""

import sys
import threading
from functools import cached_property
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from copilot.ask import Asked
from copilot.escalate import PersonRequest
from copilot.record import Feedback
from governance.approval import Approvals, Decision
from governance.author import console
from governance.redaction import PersonalData, Redacted
from tests.fakes.small_house import PARTNER, SmallHouse, write

NAMES = ("amber", "birch", "cedar")
ASKERS = 2


class Plain:
    """Takes no time and nothing out; what is kept is not what this house is for."""

    def redact(self, text: str, _: frozenset[PersonalData]) -> Redacted:
        return Redacted(text=text, counts={})

    def sparing(self) -> "Plain":
        return self


class WorkingHouse(SmallHouse):
    @cached_property
    def redactor(self) -> Plain:  # type: ignore[override] # it stands in for the redactor
        return Plain()

    def ask(self, first: int) -> None:
        desk = PersonRequest(records=self.records, policy=self.policy.current, clock=self.clock)
        for number in count(first):
            name = NAMES[number % len(NAMES)]
            reply = self.copilot.ask(
                Asked(text=f"How is the price of {name} agreed?", principal=PARTNER)
            )
            if number % 2:
                desk.hand_over(PARTNER, reply.body.id, "a note")
            else:
                opinion = Feedback(
                    outcome_id=reply.body.id,
                    rating="up",
                    reason="",
                    comment="",
                    created_at=self.clock(),
                )
                self.records.rate(PARTNER, opinion)

    def approve(self) -> None:
        approvals = Approvals(
            database=self.database, clock=self.clock, policy=self.policy.current, words=str
        )
        documents = [one.document_id for one in self.catalog.newest()]
        for number in count():
            document = documents[number % len(documents)]
            author = console()
            approvals.withdraw(author, document, Decision())
            approvals.submit(author, document, Decision())
            approvals.approve(author, document, Decision())


def work(folder: Path) -> None:
    house = WorkingHouse(folder)
    if not house.catalog.newest():
        corpus = folder / "corpus"
        for name in NAMES:
            write(corpus, name)
        house.ingest(corpus)
    threads = [threading.Thread(target=house.ask, args=(at,)) for at in range(ASKERS)]
    threads.append(threading.Thread(target=house.approve))
    for thread in threads:
        thread.start()
    print("at work", flush=True)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    work(Path(sys.argv[1]))
