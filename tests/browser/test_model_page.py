"""The page of the user's own model in a real browser."""

import csv
import io
import json
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from safetensors.numpy import save_file

import gradflow as gf
from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui.model.uploads import LARGEST_WEIGHTS

pytestmark = pytest.mark.slow

SPREAD = (".js-plotly-plot", "button", "table", "[data-testid=stMarkdown]")


def _lstm(H=5, D=2, layers=1, seed=0):
    generator = np.random.default_rng(seed)
    tensors = {}
    for number in range(layers):
        below = H if number else D
        shapes = {"weight_ih": (4 * H, below), "weight_hh": (4 * H, H), "bias_ih": (4 * H,)}
        shapes["bias_hh"] = (4 * H,)
        for name, shape in shapes.items():
            numbers = generator.uniform(-1, 1, size=shape) / np.sqrt(H)
            tensors[f"{name}_l{number}"] = numbers.astype(np.float32)
    return tensors


def _saved(tensors, folder):
    path = folder / "mine.safetensors"
    save_file(tensors, path)
    return path


def _upload(tab, tensors, folder):
    """Drop weights, and wait until the page is about them."""
    tab.upload("model_file", _saved(tensors, folder))
    tab.page.get_by_role("heading", name="mine.safetensors").wait_for()


def _assert_shows(tab, model, x, parameter="b", **layer):
    terms = relative_to_first(gf.gradient_flow(model, x).log10(parameter, **layer))
    shown = np.asarray(tab.chart("model_as_read").data[0]["z"], dtype=float).reshape(terms.shape)
    np.testing.assert_allclose(shown, np.where(np.isfinite(terms), terms, np.nan), atol=1e-5)


def _is_shown(tab, *args, **layer):
    tab.eventually(lambda: _assert_shows(tab, *args, **layer))


def _linked(tab):
    """What is in the address bar behind the page."""
    return parse_qs(urlsplit(tab.page.url).query)


def _noise(D, T=100, seed=1):
    return np.random.default_rng(seed).standard_normal((T, D))


def test_a_lstm_saved_by_pytorch_is_dropped_and_seen(open_page, tmp_path):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    safetensors_torch = pytest.importorskip("safetensors.torch")
    torch.manual_seed(0)
    module = torch.nn.LSTM(3, 6, num_layers=2)
    safetensors_torch.save_file(module.state_dict(), tmp_path / "model.safetensors")
    tab = open_page()
    tab.page.get_by_role("link", name="Your model").click()
    tab.upload("model_file", tmp_path / "model.safetensors")
    model = gf.from_state_dict(module.state_dict())
    _is_shown(tab, model, _noise(3), layer=0)
    tab.choose("m_layer", "1: LSTM, H = 6")
    _is_shown(tab, model, _noise(3), layer=1)
    tab.choose("m_parameter", "input weights w_x")
    _is_shown(tab, model, _noise(3), "w_x", layer=1)
    both_ways = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True)
    safetensors_torch.save_file(both_ways.state_dict(), tmp_path / "both.safetensors")
    tab.upload("model_file", tmp_path / "both.safetensors")
    flow = gf.gradient_flow(gf.from_state_dict(both_ways.state_dict()), _noise(3))
    log10 = flow.log10("w_x", 1, "reverse")
    relative = log10 - np.nanmax(log10, axis=1, keepdims=True)

    def square():
        return np.asarray(tab.chart("model_reverse").data[0]["z"], dtype=float)

    tab.eventually(
        lambda: np.testing.assert_allclose(square().reshape(relative.shape), relative, atol=1e-5)
    )
    with np.load(tab.download("download_npz", tmp_path)) as arrays:
        np.testing.assert_array_equal(arrays["as_read/reverse/log10"], log10)


def test_a_sequence_is_pasted_and_dropped(open_page, tmp_path):
    tensors = _lstm()
    tab = open_page("model")
    _upload(tab, tensors, tmp_path)
    tab.choose("m_sequence", "my own numbers")
    tab.widget("model_own_text").wait_for()
    tab.fill("model_own_text", "0.5, -1\n2, 0.25\n-1, 1")
    model = gf.from_state_dict(tensors)
    _is_shown(tab, model, np.array([[0.5, -1], [2, 0.25], [-1, 1]]))
    x = _noise(2, 12)
    np.save(tmp_path / "x.npy", x)
    tab.upload("model_own_file", tmp_path / "x.npy")
    _is_shown(tab, model, x)


def test_the_slider_adds_to_the_forget_bias(open_page):
    tab = open_page("model?model=recall_not_learned")

    def changed():
        return np.asarray(tab.chart("model_changed").data[0]["z"], dtype=float)

    before = tab.eventually(lambda: (changed(),))[0]
    tab.set_slider("m_added", 5.0)
    seen = np.isfinite(before)
    tab.eventually(lambda: np.median(changed()[seen] - before[seen]) > 1.0)
    assert (np.isfinite(changed()) == seen).all()
    tab.set_slider("m_added", 0.0)
    tab.eventually(lambda: "model_changed" not in {chart.key for chart in tab.charts()})


BAD_FILES = (
    ("notes.txt", b"hello", "must be a .safetensors, an .npz or a file of PyTorch"),
    ("model.pt", b"\x80\x02}q\x00.", "none that PyTorch wrote"),
    ("model.safetensors", bytes([255] * 7) + bytes(9), "header"),
)


def test_a_bad_file_gets_one_sentence_and_the_model_stays(open_page, tmp_path):
    tensors = _lstm(seed=4)
    tab = open_page("model")
    _upload(tab, tensors, tmp_path)
    errors = tab.page.get_by_test_id("stAlertContentError")
    for name, content, sentence in BAD_FILES:
        bad = tmp_path / "bad" / name
        bad.parent.mkdir(exist_ok=True)
        bad.write_bytes(content)
        tab.upload("model_file", bad)
        expect(errors.filter(has_text=sentence)).to_have_count(1)
        expect(errors).to_have_count(1)
        _is_shown(tab, gf.from_state_dict(tensors), _noise(2))


def test_200_megabytes_are_refused_and_every_section_opens_and_fits(open_page, tmp_path):
    large = tmp_path / "large.safetensors"
    with large.open("wb") as file:
        file.truncate(200 << 20)
    tab = open_page("model", dark=True)
    tab.eventually(lambda: len(tab.charts()) == 5)
    before = tab.charts()
    tab.upload("model_file", large)
    said = f"File must be {LARGEST_WEIGHTS}.0MB or smaller"
    expect(tab.widget("model_file")).to_contain_text(said)
    assert [chart.key for chart in tab.charts()] == [chart.key for chart in before]
    for section in ("architecture", "signed", "all_steps", "truncation"):
        tab.page.locator(f".st-key-model_open_{section} summary").click()
    tab.eventually(lambda: len(tab.charts()) == 8)
    tab.assert_nothing_is_wider(*SPREAD)
    tab.page.get_by_text("Loss and targets", exact=True).click()
    tab.choose("m_steps", "the last step alone")
    expect(tab.page.get_by_text("Its row alone is swept")).to_be_visible()
    tab.eventually(lambda: len(tab.charts()) == 5)  # neither heatmaps nor curves over targets
    tab.assert_nothing_is_wider(*SPREAD)


def test_a_long_run_shows_a_bar_and_is_cancelled(open_page, tmp_path):
    tab = open_page("model")
    _upload(tab, _lstm(H=192), tmp_path)
    tab.fill("m_T", "1500")
    bar = tab.page.get_by_test_id("stProgress")
    bar.wait_for()
    cancel = tab.page.get_by_role("button", name="Cancel")

    def cancelled():
        # On a busy machine the first bar may still be that of the shorter run.
        if cancel.count():
            cancel.click(timeout=1000)
        return tab.page.get_by_text("Cancelled before it was done.").is_visible()

    tab.eventually(cancelled)
    expect(bar).to_have_count(0)
    tab.eventually(lambda: tab.charts() == [])
    tab.page.get_by_role("button", name="Run it").click()
    bar.wait_for()
    tab.fill("m_T", "30")
    expect(bar).to_have_count(0)
    tab.eventually(lambda: len(tab.charts()) == 5)


def test_the_downloads_hold_what_is_shown(open_page, tmp_path):
    tab = open_page("model?model=recall_learned&parameter=w_x")
    model = gf.load(gf.models.path("recall_learned"), readout="readout")
    rows = list(csv.DictReader(io.StringIO(tab.download("download_csv", tmp_path).read_text())))
    x = np.array(json.loads(tab.download("download_json", tmp_path).read_text())["x"])
    largest = int(gf.gradient_flow(model, x).trace.o[-1].argmax())
    terms = gf.gradient_flow(model, x, loss=gf.UnitLoss(largest)).log10("w_x")
    assert len(rows) == 2 * 60 * 61 // 2
    for row in rows[:: len(rows) // 50]:
        if row["model"] == "as_read":
            assert float(row["log10"]) == terms[int(row["t"]) - 1, int(row["k"]) - 1]
    with np.load(tab.download("download_npz", tmp_path)) as arrays:
        np.testing.assert_array_equal(arrays["as_read/log10"], terms)
        np.testing.assert_array_equal(arrays["x"], x)
    with Image.open(tab.download("download_png", tmp_path)) as picture:
        assert picture.size == (2800, 2300)


def test_the_link_reopens_the_view_and_other_pages_keep_theirs(open_page):
    tab = open_page("model?model=character&window=7")
    query = {"v": ["1"], "model": ["character"], "window": ["7"]}
    tab.eventually(lambda: _linked(tab) == query)
    tab.page.get_by_role("link", name="Compare").click()
    tab.eventually(lambda: set(_linked(tab)) == {"v", "w_s", "T", "b_f"})
    tab.page.locator(".gradflow-heatmaps[aria-busy=false]").wait_for()
    assert tab.page.get_by_test_id("stAlertContentWarning").count() == 0
    tab.page.get_by_role("link", name="Your model").click()
    tab.eventually(lambda: _linked(tab) == query)
    tab.eventually(lambda: tab.chart("model_as_read"))
    assert tab.page.get_by_test_id("stAlertContentWarning").count() == 0


def test_many_sequences_and_several_files_stand_on_one_page(open_page, tmp_path):
    tab = open_page("model?added=0", width=390)
    _upload(tab, _lstm(), tmp_path)
    x = np.random.default_rng(0).standard_normal((3, 9, 2))
    np.savez(tmp_path / "data.npz", x=x, lengths=np.array([9, 4, 6]))
    tab.choose("m_sequence", "many sequences of mine")
    tab.upload("model_many_files", tmp_path / "data.npz")
    model = gf.from_state_dict(_lstm())
    seen = gf.survey(model, [x[0], x[1][:4], x[2][:6]], gf.UnitLoss())

    def median():
        return np.asarray(tab.chart("model_survey").data[-1]["y"], dtype=float)

    expected = seen.bands(quantiles=[0.5]).log10[0]
    tab.eventually(lambda: np.testing.assert_array_equal(median(), expected))
    files = [tmp_path / f"step {n}.safetensors" for n in (10, 9)]
    for seed, path in enumerate(files):
        save_file(_lstm(seed=seed), path)
    tab.page.locator(".st-key-model_open_files summary").click()
    tab.upload("model_several", files)
    names = tab.eventually(lambda: tab.chart("model_files_steps").data[0]["text"])
    assert list(names) == ["step 9.safetensors", "step 10.safetensors"]
    tab.eventually(lambda: tab.chart("model_file_on_the_right"))
    tab.assert_nothing_is_wider(*SPREAD)
