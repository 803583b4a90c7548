"""The sequence that the model reads: numbers of the user's own, a text, noise."""

import io

import numpy as np
import pytest
from safetensors.numpy import save
from streamlit.util import calc_hash
from ui.model.model_app import (
    assert_shows,
    charts,
    example,
    noise,
    one_hot,
    opened,
    put,
    pytorch,
    quiet,
    said,
    shipped,
    upload,
    widget,
)

import gradflow as gf
from gradflow.ui.model.shipped import SHIPPED


def own_numbers(app):
    return put(app, "sequence", "own")


@pytest.mark.slow
def test_pasted_numbers_are_read_a_row_a_step():
    tensors = pytorch()
    app = own_numbers(upload(opened(), save(tensors)))
    x = np.random.default_rng(2).normal(size=(7, 3))
    text = "a,b,c\n" + "\n".join(",".join(map(repr, row)) for row in x.tolist())
    app = widget(app, "model_own_text").set_value(text).run()
    assert_shows(quiet(app), gf.from_state_dict(tensors), x)


def npy(array_, **options):
    file = io.BytesIO()
    np.save(file, array_, **options)
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npy_file_is_read(order):
    tensors = pytorch()
    app = own_numbers(upload(opened(), save(tensors)))
    x = np.random.default_rng(2).normal(size=(9, 3)).astype(np.float32)
    app = upload(app, npy(np.asarray(x, order=order)), "x.npy", "model_own_file")
    assert_shows(quiet(app), gf.from_state_dict(tensors), x)
    app = widget(app, "model_own_forget").click().run()
    assert_shows(quiet(app), gf.from_state_dict(tensors), noise(app, 3))


def lying_npy():
    data = npy(np.zeros((4, 3)))
    return data.replace(b"(4, 3)", b"(9, 3)")


BAD_NUMBERS = {
    "columns": (b"1,2\n3,4", "x.csv", "must have 3 numbers in every row"),
    "words": (b"1,2,3\n4,five,6", "x.csv", "must hold numbers only. Got 'five' in row 2"),
    "nan": (b"1,2,nan", "x.csv", "must hold finite numbers. Got 'nan' in row 1"),
    "empty": (b"", "x.csv", "must hold at least one number"),
    "bytes": (b"\xff\xfe\x00\x01", "x.csv", "must be text in UTF-8, or a .npy"),
    "shape": (npy(np.zeros((5, 2))), "x.npy", "must have shape (T, D) with D = 3"),
    "three axes": (npy(np.zeros((5, 3, 1))), "x.npy", "must have shape (T, D) with D = 3"),
    "no steps": (npy(np.zeros((0, 3))), "x.npy", "must have shape (T, D) with D = 3"),
    "objects": (
        npy(np.array([[1, None, 2]], object), allow_pickle=True),
        "x.npy",
        "is an array of pickled Python objects",
    ),
    "infinite": (npy(np.full((2, 3), np.inf)), "x.npy", "must be finite"),
    "truncated": (npy(np.zeros((5, 3)))[:-3], "x.npy", "bytes that its shape (5, 3) needs"),
    "header that lies": (lying_npy(), "x.npy", "bytes that its shape (9, 3) needs"),
    "damaged header": (npy(np.zeros((5, 3)))[:20], "x.npy", "cannot be read: it is damaged"),
    "texts": (npy(np.full((2, 3), "1")), "x.npy", "must hold real numbers"),
    "renamed": (b"1,2,3", "x.npy", "must be a .npy, as numpy.save writes it"),
}


@pytest.fixture(scope="module")
def app():
    return own_numbers(upload(opened(), save(pytorch())))


@pytest.mark.slow
@pytest.mark.parametrize("key", BAD_NUMBERS)
def test_bad_numbers_get_one_sentence_and_leave_the_page_as_it_was(app, key):
    data, name, sentence = BAD_NUMBERS[key]
    quiet(upload(app, b"1,2,3\n4,5,6", "x.csv", "model_own_file"))
    before = charts(app)
    upload(app, data, name, "model_own_file")
    assert not app.exception
    [error] = app.error
    assert sentence in error.value.replace("\\", "")
    assert charts(app) == before


@pytest.mark.slow
def test_numbers_that_do_not_fit_another_model_give_way_to_noise():
    app = own_numbers(upload(opened(), save(pytorch())))
    app = widget(app, "model_own_text").set_value("1,2,3\n4,5,6").run()
    app = put(app, "model", "recall_not_learned")
    assert_shows(quiet(app), shipped("recall_not_learned"), noise(app, 6))
    assert "3 in each step and not 6" in said(app)


def test_a_text_is_read_in_the_symbols_of_the_model():
    app = opened(model="character", sequence="text")
    app = quiet(widget(app, "model_text_field").set_value("Down, down; DOWN").run())
    x = one_hot("down, down  down", SHIPPED["character"].symbols)
    assert_shows(app, shipped("character"), x)
    app = put(app, "model", "recall_not_learned")
    [error] = app.error
    assert "must be made of the model's symbols, A B C D x y" in error.value.replace("\\", "")


@pytest.mark.slow
def test_a_text_is_still_there_after_another_page():
    app = put(opened(model="recall_not_learned"), "sequence", "text")
    assert_shows(quiet(app), shipped("recall_not_learned"), example("recall_not_learned"))
    assert "the example is shown" in said(app)
    app = widget(app, "model_text_field").set_value("Axyxy").run()
    app._page_hash = calc_hash("paths")
    app = quiet(app.run())
    app._page_hash = calc_hash("model")
    x = one_hot("Axyxy", SHIPPED["recall_not_learned"].symbols)
    assert_shows(quiet(app.run()), shipped("recall_not_learned"), x)
