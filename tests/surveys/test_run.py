"""Streams, failures and executors: what comes in, what is on the way, and what is lost."""

import threading
import tracemalloc
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import gradflow as gf

CELL = gf.RNN([[0.5], [0.2]], [[0.7, 0.1], [-0.2, 0.6]])
OPTIONS = {"loss": gf.UnitLoss(), "targets": "last", "lengths": (2, 8)}


def noises(count, T=12, seed=0):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=T) for _ in range(count))


def same(one, other):
    assert (one.count, one.failed, one.failures) == (other.count, other.failed, other.failures)
    for part in ("_terms", "_signs", "_measures", "_gradients"):
        for name, array in vars(getattr(one, part)).items():
            np.testing.assert_array_equal(array, getattr(getattr(other, part), name))


def test_a_sequence_that_fails_is_counted_and_named_and_ends_nothing():
    sequences = [
        np.ones(5),
        np.full(4, np.nan),
        gf.Sample(np.ones((3, 2)), name="two features"),
        "no numbers",
        gf.Sample(np.ones(3), loss=gf.SquaredError(np.ones(4)), name="a target too many"),
        np.ones(6),
    ]
    seen = gf.survey(CELL, sequences, **OPTIONS)
    assert (seen.count, seen.failed) == (2, 4)
    whys = dict(seen.failures)
    assert list(whys) == ["sequence 2", "sequence 4", "two features", "a target too many"]
    assert whys["sequence 2"] == "x must be finite. Got nan at [0]."
    assert whys["two features"] == ("x must have shape (T, D) with D=1 to match w_x. Got (3, 2).")


def test_failures_are_all_counted_and_the_first_hundred_named():
    seen = gf.survey(CELL, ([np.inf] for _ in range(250)), **OPTIONS)
    assert (seen.count, seen.failed) == (0, 250)
    assert [name for name, _ in seen.failures] == [f"sequence {n}" for n in range(1, 101)]


class Counting(ThreadPoolExecutor):
    """Says how many pieces were on the way at most."""

    on_the_way = most = 0

    def submit(self, *arguments, **named):
        self.on_the_way += 1
        self.most = max(self.most, self.on_the_way)
        future = super().submit(*arguments, **named)
        result = future.result

        def told(timeout=None):
            self.on_the_way -= 1
            return result(timeout)

        future.result = told
        return future


def test_a_stream_is_read_as_it_comes_and_few_are_on_the_way():
    read = done = ahead = 0

    def stream():
        nonlocal read, ahead
        for x in noises(60):
            read += 1
            ahead = max(ahead, read - done)
            yield x

    def told(number):
        nonlocal done
        done = number

    with Counting(2) as pool:
        seen = gf.survey(
            CELL, stream(), **OPTIONS, executor=pool, batch=4, in_flight=3, on_progress=told
        )
    assert (read, done, seen.count) == (60, 60, 60)
    assert pool.most == 3
    assert ahead == 4 * 4  # three batches on the way, and the one that is read


@pytest.mark.slow
def test_a_record_and_its_making_take_the_memory_of_few_sequences():
    def peak(count):
        tracemalloc.start()
        seen = gf.survey(CELL, noises(count, T=12), **OPTIONS, batch=2)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most, sum(array.nbytes for array in vars(seen._terms).values())

    peak(5)
    few, many = peak(6), peak(30)
    assert many[0] < 1.5 * few[0]
    assert many[1] < 5 * few[1]  # bins that are met for the first time, and not terms


@pytest.mark.slow
def test_processes_make_the_same_record_to_the_last_bit():
    sequences = [*noises(20), np.full(3, np.nan), *noises(3, T=5, seed=1)]
    here = gf.survey(CELL, sequences, **OPTIONS, batch=3)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = gf.survey(CELL, iter(sequences), **OPTIONS, batch=3, executor=pool)
    same(here, there)
    assert not there._terms.keys.flags.writeable


class Failing(ThreadPoolExecutor):
    """Loses the second piece of work, as a cluster does whose workers die of it."""

    submitted = 0

    def submit(self, *arguments, **named):
        self.submitted += 1
        if self.submitted != 2:
            return super().submit(*arguments, **named)
        lost = Future()
        lost.set_exception(MemoryError())
        return lost


def test_work_that_an_executor_gives_up_is_counted_and_named():
    with Failing(1) as pool:
        seen = gf.survey(CELL, noises(9), **OPTIONS, batch=3, executor=pool)
    assert (seen.count, seen.failed) == (6, 3)
    assert seen.failures == tuple((f"sequence {n}", "MemoryError") for n in (4, 5, 6))


def test_what_progress_raises_ends_the_survey_and_what_is_on_the_way():
    class StopError(Exception):
        pass

    def stop(number):
        raise StopError

    running = threading.active_count()
    with pytest.raises(StopError), ThreadPoolExecutor(1) as pool:
        gf.survey(CELL, noises(50), **OPTIONS, batch=1, executor=pool, on_progress=stop)
    assert threading.active_count() == running


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sequences": []}, "sequences must hold at least one"),
        ({"sequences": 5}, "sequences must be an iterable of sequences, .* Got 5"),
        ({"sequences": "data.npz"}, r"such as \[x\] for one alone. Got 'data.npz'"),
        ({"sequences": b"1 2"}, "sequences must be an iterable of sequences, .* Got b'1 2'"),
        ({"sequences": np.ones(2)}, r"sequences must be an iterable .* Got array\(\[1., 1.\]"),
        ({"sequences": [1.0, np.float32(2), 3]}, r"iterable of sequences, .* Got \[1.0, "),
        ({"sequences": np.array([1, 2], dtype=object)}, "iterable of sequences, .* dtype=object"),
        ({"sequences": range(3)}, r"iterable of sequences, .* Got range\(0, 3\)"),
        ({"executor": 2}, "executor must be a concurrent.futures.Executor"),
        ({"model": "lstm"}, "model must be a cell"),
        ({"lengths": [4, 2]}, "lengths must be whole numbers in ascending order"),
        ({"batch": 0}, "batch must be a whole number from 1 on"),
        ({"in_flight": 0}, "in_flight must be a whole number from 1 on"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    given = {"model": CELL, "sequences": [np.ones(3)], **arguments}
    with pytest.raises(ValueError, match=message):
        gf.survey(**given)


def test_sequences_of_any_iterable_are_read():
    unlike = np.array([np.ones(3), np.ones(4)], dtype=object)
    for sequences in (unlike, iter(unlike), (one for one in unlike), tuple(unlike), [*unlike]):
        assert gf.survey(CELL, sequences, **OPTIONS).count == 2
    assert gf.survey(CELL, np.ones((2, 3)), **OPTIONS).count == 2


def test_a_number_among_sequences_fails_alone():
    seen = gf.survey(CELL, iter([1.0, np.ones(3)]), **OPTIONS)
    assert (seen.count, seen.failed) == (1, 1)
    seen = gf.survey(CELL, [1.0, np.ones(3)], **OPTIONS)
    assert (seen.count, seen.failed) == (1, 1)
