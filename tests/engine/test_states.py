"""The closed list of states: the whole matrix."""

import pytest

from webapp.engine.states import (
    DUPLICATES,
    ENDED,
    FAILURES,
    SKIPPED,
    STORED_OUTCOMES,
    SUCCESS,
    TRANSITIONS,
    WORKED_ON,
    Outcome,
    State,
    sources_of,
)


@pytest.mark.parametrize("source", State)
@pytest.mark.parametrize("target", State)
def test_matrix(source, target):
    assert (source in sources_of(target)) == (target in TRANSITIONS[source])


def test_every_state_is_reachable_and_known():
    assert set(TRANSITIONS) == set(State)
    reachable = {State.UPLOADED}.union(*TRANSITIONS.values())
    assert reachable == set(State)
    assert not ENDED & WORKED_ON
    assert TRANSITIONS[State.ROLLED_BACK] == frozenset()


def test_outcomes_are_summed_once():
    assert sorted(SUCCESS + FAILURES + SKIPPED) == sorted(STORED_OUTCOMES)
    assert set(DUPLICATES) < set(STORED_OUTCOMES)
    assert Outcome.NOT_PROCESSED not in STORED_OUTCOMES
