"""The closed lists of states and outcomes."""

from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome, sums
from webapp.vocabulary.states import ENDED, TRANSITIONS, WORKED_ON, State


def test_every_state_is_reachable_and_known():
    assert set(TRANSITIONS) == set(State)
    reachable = {State.UPLOADED}.union(*TRANSITIONS.values())
    assert reachable == set(State)
    assert not ENDED & WORKED_ON
    assert TRANSITIONS[State.ROLLED_BACK] == {}


def test_outcomes_are_summed_once():
    assert sums(dict.fromkeys(Outcome, 1)) == {
        "success": 4, "failed": 2, "skipped": 3, "duplicates": 4, "processed": 9
    }  # fmt: skip
    for outcome in STORED_OUTCOMES:
        told = sums({outcome: 7})
        assert told["success"] + told["failed"] + told["skipped"] == told["processed"] == 7
    assert sums({Outcome.NOT_PROCESSED: 7})["processed"] == 0
