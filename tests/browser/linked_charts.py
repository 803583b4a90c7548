"""The charts of the comparison page as a test waits for them."""

import numpy as np

from gradflow.ui.shared.experiment import parameter_name, run

RNN, LSTM, PROFILE = "rnn_heatmap", "lstm_heatmap", "profile"


def await_values(tab, settings):
    """Wait until Plotly has drawn the heatmaps of these settings, which it does last."""
    flow = run(settings).rnn
    log10 = flow.log10(parameter_name(flow, settings))
    expected = np.where(np.isfinite(log10), log10 - log10[:, :1], np.nan)

    def assert_shows():
        shown = np.asarray(tab.chart(RNN).data[0]["z"], dtype=float)
        np.testing.assert_allclose(shown, expected, rtol=1e-5, atol=1e-6)

    tab.eventually(assert_shows)
