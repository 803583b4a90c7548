"""A survey on a real cluster of Dask, of which a worker is killed on the way."""

import os
import signal

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf

distributed = needed_module("distributed", "needs Dask: pip install -r requirements-dask.txt")

pytestmark = pytest.mark.slow

# Names of Tornado, asyncio and the cluster's own sockets on their way out.
ON_THE_WAY_OUT = ("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.mark.filterwarnings(*ON_THE_WAY_OUT)
def test_a_cluster_that_loses_a_worker_loses_no_sequence():
    generator = np.random.default_rng(0)
    cell = gf.LSTM.scalar(0.5, 0.5)
    sequences = [generator.normal(size=60) for _ in range(60)]
    options = {"loss": gf.UnitLoss(), "lengths": (4, 16), "batch": 2}
    here = gf.survey(cell, sequences, **options)
    killed = []

    def kill(done):
        if not killed and done >= 10:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        there = gf.survey(
            cell, iter(sequences), **options, executor=executor, in_flight=8, on_progress=kill
        )
        alive = set(client.run(os.getpid).values())
    assert killed
    assert killed[0] not in alive
    assert (there.count, there.failed) == (60, 0)
    for name in ("_terms", "_signs", "_measures"):
        np.testing.assert_array_equal(getattr(there, name).keys, getattr(here, name).keys)
        np.testing.assert_array_equal(getattr(there, name).counts, getattr(here, name).counts)
    np.testing.assert_array_equal(there._gradients.whole, here._gradients.whole)
