"""What can be retrieved is what is approved and valid, at every instant."""

from attack.approvals import histories
from attack.judge import Tally


def test_at_every_instant_what_can_be_retrieved_is_what_is_approved_and_valid():
    tally = Tally()
    histories(tally, worlds=1, steps=10)
    assert tally.requests > 200
    assert not tally.found, next(iter(tally.details.values()))[0]
