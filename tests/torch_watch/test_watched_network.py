"""A watch beside a real training: what it sees, what it costs nothing of, what it leaves."""

import csv
import json
import math
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from support.needed import needed_module

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")

from oracles.torch_networks import Classifier, batch, loss_of  # noqa: E402

import gradflow as gf  # noqa: E402
from benchmarks import watch as watch_cost  # noqa: E402
from gradflow.torch import Probe, lightning_callback, watch  # noqa: E402
from gradflow.watching import (  # noqa: E402
    CSVWriter,
    JSONLinesWriter,
    TensorBoardWriter,
    load_watch,
    training_watch,
)

PROBE = Probe((batch()[0],), loss_of(*batch()))
# All of the compiler but the making of machine code, which takes a minute.
BACKEND = "aot_eager"


@pytest.fixture(autouse=True)
def _plain_kernels():
    """One thread, and PyTorch's own kernels: oneDNN has no bfloat16 LSTM on every machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.backends.mkldnn.flags(enabled=False, allow_tf32=None):
        yield
    torch.set_num_threads(threads)


def network(kind=torch.nn.LSTM, **options):
    torch.manual_seed(0)
    return Classifier(kind, batch_first=True, **options)


def trained(model, step, updates, begun=lambda: None):
    """Train as many updates, each of two batches under autocast; the weights."""
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for update in range(updates):
        for part in range(2):
            ids, classes = batch(seed=2 * update + part)
            with torch.autocast("cpu", torch.bfloat16):
                loss = loss_of(ids, classes)(model(ids))
            loss.backward()
            begun()
        optimizer.step()
        optimizer.zero_grad()
        step()
    return [weight.detach().clone() for weight in model.parameters()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # PyTorch warns of what its own compiler does
def test_training_that_is_compiled_goes_on_to_the_last_bit_as_without_it():
    torch._dynamo.reset()
    stats = torch._dynamo.utils.counters["stats"]
    alone = trained(torch.compile(network(), backend=BACKEND), lambda: None, 4)
    compiled = stats["unique_graphs"]
    model = torch.compile(network(), backend=BACKEND)
    with watch(model, PROBE, every=2, worker=False) as seen:
        watched = trained(model, seen.step, 4)
    assert stats["unique_graphs"] == compiled > 0  # nothing is compiled anew
    assert all(map(torch.equal, watched, alone))
    assert seen.record.updates.tolist() == [0, 2, 4]
    assert seen.record.measure("relative_error", "inner.rec").max() < 1e-5


@pytest.mark.slow
def test_a_pass_between_two_batches_leaves_the_gradients_that_are_there():
    alone = trained(network(), lambda: None, 2)
    model = network()
    with watch(model, PROBE, every=1, worker=False) as seen:
        watched = trained(model, lambda: None, 2, begun=seen.step)
    assert all(map(torch.equal, watched, alone))
    assert seen.record.updates.tolist() == [0, 1, 2, 3, 4]
    assert seen.record.measure("relative_error", "inner.rec").max() < 1e-5


@pytest.mark.slow
def test_a_process_of_its_own_measures_the_same_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = network(num_layers=2)
    threads = threading.active_count()
    hooks = [len(module._forward_hooks) for module in model.modules()]
    with watch(model, PROBE) as beside, watch(model, PROBE, worker=False) as in_line:
        number = beside._process.number
        os.kill(number, 0)
        beside.save(tmp_path / "run.npz")  # waits for it
        assert beside.log == in_line.log
    assert beside.log == in_line.log  # the record stays
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert threading.active_count() == threads
    assert [len(module._forward_hooks) for module in model.modules()] == hooks
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    assert load_watch(tmp_path / "run.npz").scalars() == in_line.log


@pytest.mark.slow
def test_the_log_has_every_measure_by_its_layer():
    with watch(network(num_layers=2), PROBE, chunk=3, worker=False) as seen:
        names = ["tail_half_life", "horizon", "share_beyond_chunk", "cancellation"]
        names += ["first_zero_lag_bfloat16", "dc_dc", "relative_error"]
        assert list(seen.log) == [
            f"gradflow/inner.rec.{n}/{name}" for n in (0, 1) for name in names
        ]
        assert seen.figure().data[0].type == "heatmap"


def watched_by(*writers):
    """Two updates under watch: the log after none and after both."""
    model = network()
    with watch(model, PROBE, every=2, worker=False, writers=writers) as seen:
        logs = [(0, seen.log)]
        trained(model, seen.step, 2)
        return [*logs, (2, seen.log)]


def test_writers_have_what_the_log_had(tmp_path):
    rows, lines = tmp_path / "run.csv", tmp_path / "run.jsonl"
    logs = watched_by(CSVWriter(rows), JSONLinesWriter(lines))
    flat = [(update, name, value) for update, log in logs for name, value in log.items()]
    with rows.open(newline="") as file:
        read = [(int(r["update"]), r["name"], float(r["value"])) for r in csv.DictReader(file)]
    assert read == flat
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    for (update, log), found in zip(logs, objects, strict=True):
        assert found.pop("update") == update
        assert {n: math.inf if value is None else value for n, value in found.items()} == log


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # TensorBoard warns of packages that it may do without
def test_tensorboard_reads_what_the_log_had(tmp_path):
    needed_module("tensorboard", "needs TensorBoard: pip install -r requirements-torch.txt")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as summary_writer:
        logs = watched_by(TensorBoardWriter(summary_writer))
    wanted = {}
    for update, log in logs:
        for name, value in log.items():
            if math.isfinite(value):  # no lag of so short a sequence rounds to zero
                wanted.setdefault(name, []).append((update, np.float32(value)))
    events = EventAccumulator(str(tmp_path)).Reload()
    assert {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    } == wanted
    assert len(wanted) < len(logs[0][1])


def test_what_cannot_be_measured_is_said_and_ends_nothing():
    model = network()
    with watch(model, PROBE, every=1, worker=False) as seen:
        with torch.no_grad():
            model.inner["rec"].weight_hh_l0[0, 0] = math.nan
        with pytest.warns(UserWarning, match="Nothing is measured after 1 updates: .* finite"):
            seen.step()
        assert seen.record.updates.tolist() == [0]


class BusyProcess:
    """A process that never comes to an end."""

    def submit(self, modules, chunk):
        self.future = Future()
        return self.future

    def end(self):
        pass


def test_a_pass_that_comes_while_the_process_is_busy_is_left_out(monkeypatch):
    monkeypatch.setattr(training_watch, "MeasuringProcess", BusyProcess)
    seen = watch(network(), PROBE, every=1)
    seen.step()
    assert (seen.skipped, seen.log) == (1, {})
    seen._process.future.set_result({})
    seen.step()
    assert (seen.skipped, seen.updates, seen.record.updates.tolist()) == (1, 2, [0])
    seen._process.future.set_exception(ValueError("gone"))
    with pytest.warns(UserWarning, match="after 2 updates: gone"):
        seen.close()


@pytest.mark.slow
def test_a_process_that_is_ended_from_outside_is_said():
    with watch(network(), PROBE) as seen:
        seen.figure()
        seen._process._process.kill()
        for _ in range(1000):
            seen.step()
        with pytest.warns(UserWarning, match="The process that measures has ended"):
            seen.save(os.devnull)


def test_a_loop_that_is_not_followed_is_left_out_and_said():
    both = torch.nn.ModuleDict({"step": torch.nn.LSTMCell(3, 4), "rec": torch.nn.LSTM(3, 4)})
    x = torch.ones(5, 2, 3)

    def loop(net):
        h, c = net["step"](x[0])
        for step in x[1:]:
            h, c = net["step"](step, (0.9 * h, c))
        return h.sum()

    said = "each call must go on .* Got 5 calls of one step each"
    with pytest.raises(ValueError, match=f"step: {said}"):
        watch(both, loop, worker=False)
    with watch(both, lambda net: loop(net) + net["rec"](x)[1][1].sum(), worker=False) as seen:
        assert {name.split("/")[1] for name in seen.log} == {"rec"}
        assert list(seen.left_out) == ["step"]


def test_it_runs_on_the_first_rank_alone(monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    with watch(network(), lambda net: pytest.fail("ran"), every=1) as seen:
        seen.step()
        assert seen._process is None
    assert (seen.updates, seen.log) == (1, {})


def test_a_network_wrapped_for_several_ranks_trains_on(tmp_path):
    torch.distributed.init_process_group(
        "gloo", f"file://{tmp_path / 'ranks'}", rank=0, world_size=1
    )
    try:
        model = torch.nn.parallel.DistributedDataParallel(network())
        with watch(model, PROBE, every=1, worker=False) as seen:
            watched = trained(model, seen.step, 2)
    finally:
        torch.distributed.destroy_process_group()
    assert all(map(torch.equal, watched, trained(network(), lambda: None, 2)))
    assert seen.record.updates.tolist() == [0, 1, 2]


@pytest.mark.slow
def test_two_ranks_train_as_without_it_and_the_first_has_the_record(tmp_path):
    script = Path(__file__).parents[1] / "oracles" / "two_ranks.py"
    ranks = [
        subprocess.Popen(
            [sys.executable, script, str(rank), tmp_path],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    for rank in ranks:
        _, said = rank.communicate(timeout=120)
        assert rank.returncode == 0, said
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    for wrapped in ("DistributedDataParallel", "sharded"):
        assert first[wrapped]["same"]
        assert second[wrapped]["same"]
        assert first[wrapped]["updates"] == [0, 2, 4]
        assert second[wrapped]["updates"] == []
    # The parts that are gathered make the network that every rank has of its own.
    logs = [first[wrapped]["log"] for wrapped in ("sharded", "DistributedDataParallel")]
    errors = [log.pop(f"gradflow/rec.{n}/relative_error") for log in logs for n in (0, 1)]
    assert max(errors) < 1e-5
    assert logs[0] == pytest.approx(logs[1], rel=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Lightning warns of what a small training could have
def test_lightning_calls_it_once_an_update():
    pytorch = needed_module(
        "lightning.pytorch", "needs Lightning: pip install -r requirements-torch.txt"
    )

    class Module(pytorch.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = network()

        def forward(self, ids):
            return self.network(ids)

        def training_step(self, given):
            ids, classes = given
            return loss_of(ids, classes)(self(ids))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 0.01)

    module = Module()
    seen = watch(module, PROBE, every=2, worker=False)
    trainer = pytorch.Trainer(
        accelerator="cpu",
        max_epochs=2,
        accumulate_grad_batches=2,  # gradients of two batches are one update
        callbacks=[lightning_callback(seen)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    data = torch.utils.data.TensorDataset(*batch(n=24))
    trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=4))
    assert seen.updates == trainer.global_step == 6
    assert seen.record.updates.tolist() == [0, 2, 4, 6]
    assert seen.layers == ("network.inner.rec",)
    assert not seen._is_open


@pytest.mark.speed
def test_a_training_waits_for_the_default_less_than_a_fiftieth_of_its_time():
    model, update, probe = watch_cost.training(watch_cost.Size(50, 32, 32, 8))
    between_passes = watch_cost.EVERY * watch_cost.median_seconds(update, 20)
    assert watch_cost.waited(model, probe, worker=True, passes=2) < 0.02 * between_passes


REFUSED = {
    "model must be a torch.nn.Module. Got 3": {"model": 3},
    "model must hold a torch.nn.RNN, LSTM or GRU .* Got Linear": {"model": torch.nn.Linear(2, 2)},
    "model must be sharded with .* Got FullyShardedDataParallel": {
        "model": torch.nn.Sequential(
            type("FullyShardedDataParallel", (torch.nn.Module,), {})(), torch.nn.GRU(1, 1)
        )
    },
    "own: a cell must be RNNCell": {
        "model": type("Own", (torch.nn.RNNCellBase,), {})(1, 1, True, 4)
    },
    "probe must be a Probe, or a callable to the loss. Got 3": {"probe": 3},
    "every must be a whole number from 1 on. Got 0": {"every": 0},
    "chunk must be a whole number from 0 on. Got -1": {"chunk": -1},
    "worker must be True or False. Got 2": {"worker": 2},
    "lengths must be a whole number from 1 on. Got 0": {"probe": Probe((), abs, [0])},
}


@pytest.mark.parametrize("rule", REFUSED)
def test_a_wrong_argument_is_refused_by_its_name(rule):
    with pytest.raises(ValueError, match=rule):
        watch(**{"model": network(), "probe": PROBE} | REFUSED[rule])


def test_it_comes_when_it_is_asked_for():
    assert gf.torch.watch is watch
    np.testing.assert_equal(dir(gf).count("torch"), 1)
    assert dir(gf.torch) == sorted(gf.torch.__all__)
