"""Runs of sessions take turns, and only one that is alone pauses."""

import threading

import pytest

from gradflow.ui import server


@pytest.fixture
def slept(monkeypatch):
    """What happens in the place of sleep: a list of whether the turn was free."""
    free = []
    monkeypatch.setattr("time.sleep", lambda _: free.append(not server._TURN.locked()))
    return free


def test_a_run_that_is_alone_lets_go_of_its_turn_while_it_pauses(slept):
    with server.turn():
        server.pause()
        assert server._TURN.locked()
    assert slept == [True]
    assert not server._TURN.locked()


def test_a_run_that_another_waits_for_does_not_pause(slept):
    order = []

    def other():
        with server.turn():
            order.append("other")

    with server.turn():
        thread = threading.Thread(target=other)
        thread.start()
        while server._runs < 2:
            pass
        server.pause()
        order.append("first")
    thread.join(timeout=10)
    assert slept == []
    assert order == ["first", "other"]


def test_a_run_that_ends_early_gives_up_its_turn():
    with pytest.raises(RuntimeError), server.turn():
        raise RuntimeError
    with server.turn():
        assert server._runs == 1
