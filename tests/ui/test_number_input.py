"""Numbers of a visitor's own: as much of a text is read as can be used."""

import pytest

from gradflow import sequences
from gradflow.ui.shared import number_input
from gradflow.ui.shared.setting_fields import LONGEST

ROW = "0.25 -1.5 3\n"


@pytest.mark.parametrize("text", ["0.5\n" * 5, "1, 2, 3", "", ROW])
def test_a_text_that_can_be_used_is_read_whole(text):
    assert number_input._beginning(text, 3 if text == ROW else 1) == text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "D"),
    [
        pytest.param("0.25\n" * 3_000_000, 1, id="one a line"),
        pytest.param("0.25, " * 3_000_000, 1, id="all on one line"),
        pytest.param("day,x\n" + "Monday,0.25\n" * 1_000_000, 1, id="a table"),
        pytest.param(ROW * 1_000_000, 3, id="three a row"),
    ],
)
def test_of_a_long_text_enough_is_read_and_no_more(text, D):
    found = number_input._beginning(text, D)
    assert len(found) <= 500_000
    numbers = sequences.parse_numbers(found, D, most_rows=number_input._ROW * LONGEST)
    assert len(numbers) > LONGEST
    assert set(numbers[:, 0]) == {0.25}


def test_a_text_that_is_far_too_long_is_refused_before_it_is_looked_at():
    with pytest.raises(ValueError, match="text must have at most 4,000,000 characters"):
        sequences.parse_numbers("1 " * 3_000_000)
