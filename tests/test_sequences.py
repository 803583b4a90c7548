"""Input sequences, and reading one's own."""

import numpy as np
import pytest

from gradflow import sequences


def generator(seed=1):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("T", [1, 2, 500])
def test_ones_and_impulse(T):
    assert (sequences.ones(T) == 1.0).all()
    assert sequences.ones(T).shape == (T,)
    assert sequences.impulse(T)[0] == 1.0
    assert not sequences.impulse(T)[1:].any()


def test_sine_repeats_and_has_exact_zeros():
    x = sequences.sine(500)
    np.testing.assert_allclose(x, np.sin(2 * np.pi * np.arange(1, 501) / 20), atol=1e-12)
    assert (x[9::10] == 0.0).all()
    assert np.count_nonzero(x) == 450
    np.testing.assert_allclose(x[20:], x[:-20], atol=1e-12)


def test_sine_of_a_long_period_is_not_flushed_to_zero():
    assert (sequences.sine(5, period=1e9) > 0.0).all()


def test_noise_follows_its_seed():
    assert np.array_equal(sequences.noise(50, generator(3)), generator(3).standard_normal(50))


@pytest.mark.parametrize(
    "x",
    [
        sequences.ones(3),
        sequences.impulse(3),
        sequences.sine(3),
        sequences.noise(3, generator()),
        sequences.agreement(3, True, generator()).x,
        sequences.parse_numbers("1 2 3"),
    ],
)
def test_sequences_are_read_only_float64(x):
    assert x.dtype == np.float64
    assert not x.flags.writeable


@pytest.mark.parametrize("plural", [False, True])
@pytest.mark.parametrize("clause", [1, 2, 3, 4, 5, 6, 7, 50, 497, 500])
def test_sentence_has_the_clause_asked_for(clause, plural):
    found = sequences.agreement(clause, plural, generator())
    assert len(found.words) == len(found.x) == clause + 3
    assert found.words[:2] == ("The", "cats" if plural else "cat")
    assert found.words[-1] == ("were" if plural else "was")
    assert found.x[1] == (-1.0 if plural else 1.0)
    assert 0.0 < np.abs(np.delete(found.x, 1)).max() < 0.5
    assert all(word.isalpha() for word in found.words)


@pytest.mark.parametrize("clause", range(4, 60))
def test_foods_are_joined_by_and(clause):
    words = sequences.agreement(clause, False, generator()).words[2:-1]
    assert words[:3] == ("which", "already", "ate")
    foods = [word for word in words[3:] if word != "the"]
    assert "and" not in foods[::2]
    assert set(foods[1::2]) <= {"and"}
    assert len(foods) % 2 == 1


def test_words_but_the_noun_are_as_loud_as_spread():
    quiet = sequences.agreement(400, False, generator(), spread=0.0)
    assert np.count_nonzero(quiet.x) == 1
    loud = sequences.agreement(400, False, generator(), spread=2.0)
    assert np.delete(loud.x, 1).std() == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sequences.ones(0), "T must be a whole number from 1 on. Got 0"),
        (lambda: sequences.impulse(2.5), "T must be a whole number from 1 on. Got 2.5"),
        (lambda: sequences.noise(True, generator()), "T must be a whole number .* Got True"),
        (lambda: sequences.noise(3, 7), "generator must be a numpy.random.Generator. Got 7"),
        (lambda: sequences.sine(3, period=0.0), "period must be a finite number .* Got 0.0"),
        (lambda: sequences.sine(3, period=np.nan), "period must be finite. Got nan"),
        (
            lambda: sequences.sine(3, period=10**400),
            "period must hold real numbers: floats, or",
        ),
        (
            lambda: sequences.sine(3, np.longdouble("1e4000")),
            "period must fit float64. Got 1e.4000",
        ),
        (lambda: sequences.sine(3, np.complex128(1)), "period must hold real numbers"),
        (lambda: sequences.sine(3, [1.0, 2.0]), "period must be a number. Got an array"),
        (lambda: sequences.sine(3, True), "period must hold real numbers"),
        (lambda: sequences.agreement(0, True, generator()), "clause must be a whole .* Got 0"),
        (
            lambda: sequences.agreement(3, "yes", generator()),
            "plural must be True or False. Got 'yes'",
        ),
        (lambda: sequences.agreement(3, True, generator(), -1.0), "spread must be .* Got -1.0"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "text",
    [
        "1 -2.5 3e-1",
        "1, -2.5, .3",
        "1,-2.5,0.3",
        "1;-2.5;0.3;",
        "1\t-2.5 ; 0.3",
        "1,\n-2.5,\n0.3",
        "1, -2.5,\n0.3",
        "1\n-2.5\n0.3\n",
        "\n1\r\n\r\n-2.5\r\n0.3",
        "value\n1\n-2.5\n0.3",
        '\ufeff"my value"\n"1"\n"-2.5"\n"0.3"',
        "my value\n1\n-2.5\n0.3",
        "a,b\n1,7\n-2.5,8\n0.3,9",
        "a,b\n1,7\n-2.5,8\n0.3,",
        "day;value\n2020-01-01;1\n2020-01-02;-2.5\n2020-01-03;0.3",
        "name\tvalue\nx\t1\ny\t-2.5\nz\t0.3",
        "n value\n1 7\n-2.5 8\n0.3 9",
    ],
)
def test_layouts_that_are_read(text):
    assert sequences.parse_numbers(text).tolist() == [1.0, -2.5, 0.3]


@pytest.mark.parametrize(
    "text",
    [
        "1,-2.5\n0.3,4",
        "1 -2.5\r\n\r\n0.3\t4",
        "1; -2.5;\n0.3; 4;",
        "a,b\n1,-2.5\n0.3,4",
        '\ufeff"a";"b"\n"1";"-2.5"\n0.3;4',
    ],
)
def test_tables_that_are_read(text):
    assert sequences.parse_numbers(text, columns=2).tolist() == [[1.0, -2.5], [0.3, 4.0]]


def test_a_table_of_one_column_is_read_in_every_layout():
    for text in ("1 2 3", "1\n2\n3", "day;v\n2020-01-01;1\n2020-01-02;2\n2020-01-03;3"):
        assert sequences.parse_numbers(text, columns=1).tolist() == [[1.0], [2.0], [3.0]]


def test_a_table_of_many_columns_may_have_one_row():
    assert sequences.parse_numbers("1,2,3", columns=3).tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("1,2\n3", 2), "must have 2 numbers in every row. Got 1 in row 2: '3'"),
        (("a,b\n1,2\n3,four", 2), "must hold numbers only. Got 'four' in row 2"),
        (("1,2\n3,inf", 2), "must hold finite numbers. Got 'inf' in row 2"),
        (("", 2), "at least one number"),
        (("1", 0), "columns must be a whole number from 1 on. Got 0"),
        (("1 2 3", None, 2), "at most 2 rows. Got 3"),
        (("1 2\n3 4\n5 6", 2, 2), "at most 2 rows. Got 3"),
    ],
)
def test_tables_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        sequences.parse_numbers(*arguments)


def test_a_table_of_whole_numbers_is_not_taken_for_decimal_commas():
    assert sequences.parse_numbers("a,b\n1,2\n3,4").tolist() == [1.0, 3.0]
    assert sequences.parse_numbers("1,2").tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one number. Got ''"),
        (" \n\n", "at least one number"),
        ("hello", "numbers only. Got 'hello' in row 1"),
        ("value\n", "numbers only. Got 'value' in row 1"),
        ("1\n2\nx", "numbers only. Got 'x' in row 3"),
        ("1\n1O\n3", "numbers only. Got '1O' in row 2"),
        ("1O\n2\n3", "numbers only. Got '1O' in row 1"),
        ("v\n1\n" + "y" * 90, f"Got '{'y' * 40}' in row 2"),
        ("1,,2", "numbers only. Got '' in row 2"),
        ("1_000 2", "Got '1_000' in row 1"),
        ("1\nnan", "finite numbers. Got 'nan' in row 2"),
        ("v\n1\n-inf", "finite numbers. Got '-inf' in row 2"),
        ("1 1e999", "finite numbers. Got '1e999' in row 2"),
        ("a,b\n1,2\nx,3", "numbers only. Got 'x' in row 2"),
        ("a,b\n1,2\n3", "2 columns of its header in every row. Got 1 in row 2"),
        ("a,b\nx,y\nz,w", "have a column of numbers. Got row 1: 'x,y'"),
        ("1,2,3\n4,5,6", "a table with a header line. Got several numbers a line"),
        ("1 2\n3 4", "a table with a header line. Got several numbers a line"),
        ("0,5 1,5", "decimal comma: '0,5'"),
        ("0,5\n1,5", "decimal comma: '0,5'"),
        ("0,5;2;1,5", "decimal comma: '0,5'"),
        ("v\n0,5\n1", "decimal comma: '0,5'"),
        ("a;b\nx;0,5\ny;1,5", "a decimal comma is not supported"),
        ("1\n" * 10_001, "at most 10,000 rows. Got 10,001"),
        ("1 " * 10_001, "at most 10,000 rows. Got 10,001"),
    ],
)
def test_texts_that_are_refused(text, message):
    with pytest.raises(ValueError, match="text must .*" + message):
        sequences.parse_numbers(text)


def test_ten_thousand_rows_are_read():
    assert len(sequences.parse_numbers("v\n" + "1\n" * 10_000)) == 10_000


def test_text_must_be_text():
    with pytest.raises(ValueError, match=r"text must be a str\. Got bytes"):
        sequences.parse_numbers(b"1 2")


def test_the_next_symbol_is_that_of_the_step_after():
    symbols = np.random.default_rng(4).integers(0, 5, 30)
    np.testing.assert_array_equal(sequences.next_symbols(np.eye(5)[symbols]), symbols[1:])


@pytest.mark.parametrize("x", [[[1.0, 0.0]], [1.0, 0.0], [[1.0, 1.0]] * 3, [[0.5, 0.5]] * 3])
def test_what_is_no_row_of_symbols_is_refused(x):
    with pytest.raises(ValueError, match=r"^x must "):
        sequences.next_symbols(x)


TABLE = "n;day;x;y\n1;Monday;0.5;3\n2;Tuesday;0.25;4"


def test_a_column_that_counts_the_rows_is_not_taken_unless_it_is_named_or_alone():
    assert sequences.number_columns(TABLE) == ("n", "x", "y")
    np.testing.assert_array_equal(sequences.parse_numbers(TABLE), [0.5, 0.25])
    for name, numbers in (("n", [1, 2]), ("x", [0.5, 0.25]), ("y", [3, 4])):
        np.testing.assert_array_equal(sequences.parse_numbers(TABLE, column=name), numbers)
    np.testing.assert_array_equal(sequences.parse_numbers("n,day\n0,Mo\n1,Tu"), [0, 1])


@pytest.mark.parametrize("column", ["day", "z", ""])
def test_a_column_without_numbers_is_refused(column):
    with pytest.raises(ValueError, match="column must be one of n, x, y"):
        sequences.parse_numbers(TABLE, column=column)


@pytest.mark.parametrize("text", ["", "1 2 3", "x\n1\n2", "1,2\n3,4"])
def test_what_is_no_table_has_no_columns(text):
    assert sequences.number_columns(text) == ()
