"""The loss that the page looks at: what is chosen is what is differentiated."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save
from ui.model.model_app import (
    array,
    assert_shows,
    charts,
    noise,
    opened,
    put,
    pytorch,
    quiet,
    said,
    unfolded,
    upload,
    widget,
)

import gradflow as gf
from gradflow.figures.builders.panel import relative_to_first
from gradflow.ui.model import exports
from gradflow.ui.model.objective import chosen_objective
from gradflow.ui.model.panels import Seen
from gradflow.ui.model.sequence import chosen
from gradflow.ui.model.settings import ModelSettings
from gradflow.ui.model.uploads import Upload


def classifier(outputs, D=3):
    """Weights with a linear layer of some outputs, whose rows add up to nothing."""
    w_o = np.random.default_rng(7).normal(size=(outputs, 4)).astype(np.float32)
    w_o -= w_o.mean(axis=0)
    return pytorch(D=D) | {"head.weight": w_o}


def read_out(tensors):
    app = upload(opened(added="0", T="20"), save(tensors))
    return quiet(widget(app, "model_readout").set_value("head").run())


@pytest.mark.slow
def test_the_outputs_of_a_classifier_are_never_added_up():
    tensors = classifier(5)
    app = read_out(tensors)
    model = gf.from_state_dict(tensors, readout="head")
    x = noise(app, 3)
    largest = int(gf.gradient_flow(model, x).trace.o[-1].argmax())
    assert_shows(app, model, x, added=0, loss=gf.UnitLoss(largest))
    assert f"First choice: output {largest} of 5, the largest at the last step" in said(app)
    app = quiet(put(app, "output", 3))
    assert_shows(app, model, x, added=0, loss=gf.UnitLoss(3))
    assert "First choice" not in said(app)
    assert "the largest" not in said(app)


@pytest.mark.slow
def test_token_ids_are_looked_up_and_predict_the_next_one():
    generator = np.random.default_rng(5)
    tensors = pytorch() | {
        "embedding.weight": generator.normal(size=(6, 3)).astype(np.float32),
        "head.weight": generator.normal(size=(6, 4)).astype(np.float32),
    }
    app = read_out(tensors)
    model = gf.from_state_dict(tensors, readout="head")
    ids = np.random.default_rng(1).integers(6, size=20)
    loss = gf.SoftmaxCrossEntropy(ids[1:])
    assert_shows(app, model, tensors["embedding.weight"][ids[:-1]], added=0, loss=loss)
    assert "seeded token ids" in widget(app, "m_sequence").options
    app = put(app, "sequence", "own")
    ids = np.array([0, 5, 2, 2, 4])
    app = quiet(widget(app, "model_own_text").set_value("0 5 2 2 4".replace(" ", "\n")).run())
    loss = gf.SoftmaxCrossEntropy(ids[1:])
    assert_shows(app, model, tensors["embedding.weight"][ids[:-1]], added=0, loss=loss)
    ticks = charts(app)["model_as_read"]["layout"]["yaxis"]
    named = dict(zip(ticks["tickvals"], ticks["ticktext"], strict=True))
    assert named == {1: "0", 2: "5", 3: "2", 4: "2"}
    app = widget(app, "model_own_text").set_value("0\n6").run()
    [error] = app.error
    assert "token ids from 0 to 5" in error.value
    app.session_state["model_open_all_steps"] = True
    app = put(widget(app, "model_own_text").set_value("0\n5").run(), "weights", "column")
    app = quiet(widget(app, "model_own_text").set_value("0,1\n5,3\n2,2\n4,7").run())
    x = tensors["embedding.weight"][[0, 5, 2]]
    gradient = gf.training_gradient(model, x, gf.SoftmaxCrossEntropy([5, 2, 4]), [1, 3, 2])
    assert f"goes, is **{gradient.global_norm():.3g}**" in said(app)


@pytest.mark.parametrize("loss", ["fits", "output"])
def test_the_python_of_seeded_token_ids_reads_what_the_page_does(loss, tmp_path, monkeypatch):
    table = np.random.default_rng(5).normal(size=(6, 3)).astype(np.float32)
    table[0] = 0.0  # the token of padding
    head = np.ones((6, 4), np.float32)
    data = save(pytorch() | {"embedding.weight": table, "head.weight": head})
    own = Upload("own.safetensors", data)
    settings = ModelSettings(
        sequence="noise", T=30, seed=5, skip=3, padding=True, loss=loss, output=2, added=0.0
    )
    given = chosen(settings, None, own.model(), "", None, None)
    assert 0 in given.ids
    aim = chosen_objective(own.model(), (), given, settings)
    assert aim.kind == ("next" if loss == "fits" else "output")
    (tmp_path / own.name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(exports.snippet(own, own.model(), settings, aim, (0, "b")), names)
    np.testing.assert_array_equal(names["flow"].trace.x, aim.given.x)
    expected = gf.gradient_flow(own.model(), aim.given.x, loss=aim.loss).log10("b", layer=0)
    np.testing.assert_array_equal(names["flow"].log10("b", layer=0), expected)


@pytest.mark.parametrize(
    ("kind", "outputs", "loss"),
    [
        ("classes", 4, gf.SoftmaxCrossEntropy),
        ("squared", 1, gf.SquaredError),
        ("binary", 1, gf.BinaryCrossEntropy),
    ],
)
def test_targets_stand_in_a_column_of_the_numbers(kind, outputs, loss, tmp_path, monkeypatch):
    tensors = classifier(outputs) if outputs > 1 else pytorch()
    app = read_out(tensors) if outputs > 1 else upload(opened(added="0"), save(tensors))
    model = gf.from_state_dict(tensors, readout="head" if outputs > 1 else None)
    app = put(put(app, "loss", kind), "sequence", "own")
    assert "no targets yet" in said(app)
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(9, 3)), generator.integers(0, 2, size=9)
    text = "\n".join(",".join(map(repr, row)) for row in np.column_stack([x, y]).tolist())
    app = quiet(widget(app, "model_own_text").set_value(text).run())
    assert_shows(app, model, x, added=0, loss=loss(y))
    assert "no targets yet" not in said(app)


@pytest.mark.slow
def test_the_weights_of_the_steps_stand_in_the_last_column():
    tensors = pytorch()
    app = put(upload(opened(added="0"), save(tensors)), "sequence", "own")
    app = put(app, "weights", "column")
    generator = np.random.default_rng(3)
    x, w_t = generator.normal(size=(9, 3)), generator.uniform(size=9)
    text = "\n".join(",".join(map(repr, row)) for row in np.column_stack([x, w_t]).tolist())
    app.session_state["model_open_all_steps"] = True
    app = quiet(widget(app, "model_own_text").set_value(text).run())
    gradient = gf.training_gradient(gf.from_state_dict(tensors), x, gf.UnitLoss(), w_t)
    assert f"goes, is **{gradient.global_norm():.3g}**" in said(app)


def test_without_a_column_of_weights_the_losses_are_added_up():
    app = opened(added="0", sequence="noise", T="9", weights="column")
    assert "There are no weights of steps yet, so each has 1" in said(app)
    app = unfolded(app, "all_steps")
    assert "The gradient of the sum of the losses of all 9 steps." in said(app)


@pytest.mark.slow
def test_a_class_that_is_none_gets_one_sentence():
    app = put(put(read_out(classifier(3)), "loss", "classes"), "sequence", "own")
    app = widget(app, "model_own_text").set_value("1,2,3,7\n1,2,3,0").run()
    [error] = app.error
    assert "target must be a class below O=3" in error.value.replace("\\", "")
    assert not app.exception
    assert not charts(app)


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [{"model": "character"}, {"steps": "last"}, {"weights": "mean", "skip": "5"}],
)
def test_the_python_makes_the_gradient_of_all_steps(query):
    app = opened(added="0", sequence="noise", T="9", **query)
    app.session_state["model_text"] = "xyxxyxyyx"
    app.session_state["model_open_all_steps"] = True
    app = quiet(put(app, "sequence", "text"))
    [code] = [
        block.value for block in unfolded(app, "python").code if "gradient_flow" in block.value
    ]
    names = {}
    exec(compile(code, "snippet", "exec"), names)
    assert f"goes, is **{names['gradient'].global_norm():.3g}**" in said(app)


def test_the_last_step_alone_is_swept_alone():
    tensors, T = pytorch(), 9
    app = quiet(upload(opened(added="0", sequence="noise", T=f"{T}", steps="last"), save(tensors)))
    model, x = gf.from_state_dict(tensors), noise(app, 3)
    flow = gf.gradient_flow(model, x, loss=gf.UnitLoss(), targets="last")
    assert app.session_state["model_kept_flow"][1].targets.tolist() == [T]
    found = charts(app)
    assert "model_as_read" not in found
    [row] = [trace for trace in found["model_profile"]["data"] if trace["name"] == "as read"]
    expected = relative_to_first(flow.log10("b"))[0]
    np.testing.assert_allclose(array(row["y"]), expected, rtol=1e-5, atol=1e-5)
    assert f"Its row alone is swept: {T} terms instead of 45" in said(app)
    seen = (Seen("as read", flow.log10("b"), ()),)
    lines = exports.terms_csv(seen, 0, "b", T).decode().split()
    *_, log10, marks = zip(*(line.split(",") for line in lines[1:]), strict=True)
    assert list(map(float, log10)) == flow.log10("b")[0].tolist()
    assert set(marks) == {"-1"}  # not known
    marked = (replace(seen[0], doubtful=np.array([[True, *[False] * (T - 1)]])),)
    lines = exports.terms_csv(marked, 0, "b", T).decode().split()
    assert [line.split(",")[-1] for line in lines[1:]] == ["1", *["0"] * (T - 1)]
    assert lines[-1].startswith(f"as_read,0,b,{T},{T},1,")


@pytest.mark.slow
def test_masked_steps_are_as_if_they_were_not_there():
    tensors = pytorch()
    app = put(upload(opened(added="0"), save(tensors)), "sequence", "own")
    x = np.random.default_rng(3).normal(size=(9, 3))
    x[[2, 7]] = 0.0
    text = "\n".join(",".join(map(repr, row)) for row in x.tolist())
    app = widget(app, "model_own_text").set_value(text).run()
    app = quiet(put(put(app, "skip", 2), "padding", True))
    assert_shows(app, gf.from_state_dict(tensors), x[[3, 4, 5, 6, 8]], added=0)
    assert "4 steps are masked" in said(app)
    app = put(app, "skip", 9)
    [error] = app.error
    assert "must leave at least one step" in error.value
    assert charts(quiet(put(app, "skip", 8)))


@pytest.mark.slow
def test_the_python_reads_the_numbers_that_are_downloaded(tmp_path, monkeypatch):
    tensors = classifier(3)
    app = put(put(put(read_out(tensors), "loss", "classes"), "sequence", "own"), "added", 1.0)
    app = quiet(widget(app, "model_own_text").set_value("1,2,3,2\n1,2,3,0").run())
    [code] = [
        block.value for block in unfolded(app, "python").code if "gradient_flow" in block.value
    ]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(save(tensors))
    read = {"x": [[1.0, 2, 3], [1, 2, 3]], "target": [2, 0]}
    (tmp_path / "gradflow_model.json").write_text(json.dumps(read))
    names = {}
    exec(compile(code, "snippet", "exec"), names)
    model = gf.from_state_dict(tensors, readout="head")
    loss = gf.SoftmaxCrossEntropy([2, 0])
    expected = gf.gradient_flow(model, read["x"], loss=loss).log10("b")
    np.testing.assert_array_equal(names["flow"].log10("b"), expected)
    assert_shows(app, model, np.array(read["x"]), added=1.0, loss=loss)
