"""How long a run takes is told before it starts: enough to tell light runs from heavy ones."""

import numpy as np
import pytest

import gradflow as gf
from gradflow.engine.time_estimate import needed_seconds


def lstm(H, D=3):
    return gf.LSTM(np.zeros((4, H, D)), np.zeros((4, H, H)), np.zeros((4, H)))


def test_longer_and_wider_take_longer():
    for H in (1, 16, 256):
        assert needed_seconds(lstm(H), 100) < needed_seconds(lstm(H), 1000)
        assert needed_seconds(lstm(H), 100) < needed_seconds(lstm(2 * H), 100)


def test_layers_add_up():
    stack = gf.Stack([lstm(8), lstm(8, D=8)])
    assert needed_seconds(stack, 50) == pytest.approx(2 * needed_seconds(lstm(8), 50))


@pytest.mark.parametrize(("H", "T"), [(256, 2000), (16, 2000), (256, 500)])
def test_what_stops_a_server_counts_as_heavy(H, T):
    assert needed_seconds(lstm(H), T) > 1.0


@pytest.mark.parametrize(("H", "T"), [(16, 60), (48, 300), (1, 500)])
def test_what_ships_counts_as_light(H, T):
    assert needed_seconds(lstm(H), T) < 0.3


def test_layers_that_read_both_ways_take_four_times_as_long():
    pair = gf.Bidirectional(lstm(8), lstm(8), merge="sum")
    found = needed_seconds(gf.BidirectionalStack([pair]), 2000)
    assert found == pytest.approx(4 * needed_seconds(lstm(8), 2000), rel=0.2)
