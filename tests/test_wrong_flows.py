"""Whatever is asked of a flow says so in a sentence where it is given something else."""

import inspect

import pytest

import gradflow as gf
from gradflow import analysis

figures = pytest.importorskip("gradflow.figures", reason="needs plotly")

QUESTIONS = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (gf, analysis, gf.memory, figures)
    for name in (module.__all__ if hasattr(module, "__all__") else vars(module))
    if inspect.isfunction(getattr(module, name, None))
    and not name.startswith("_")
    and next(iter(inspect.signature(getattr(module, name)).parameters), None) == "flow"
}

# What is asked for beside the flow, where it must be given.
BESIDE = {"parameter": "w_x", "t": 1, "k": 1, "threshold": 1.0}


def given(question):
    """The arguments that a question needs beside the flow."""
    needed = list(inspect.signature(question).parameters.values())[1:]
    return {p.name: BESIDE[p.name] for p in needed if p.default is inspect.Parameter.empty}


def test_all_kinds_of_questions_are_found():
    names = {name.rpartition(".")[2] for name in QUESTIONS}
    assert {"paths", "signals", "half_life", "state_jacobian", "residual", "plot_heatmap"} <= names


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("wrong", [None, "flow", gf.RNN(0.5, 0.9)], ids=["None", "text", "a cell"])
def test_a_question_to_what_is_no_flow_gets_a_sentence(name, wrong):
    question = QUESTIONS[name]
    with pytest.raises(ValueError, match=r"^flow must be what gradient_flow returns\. Got "):
        question(wrong, **given(question))
    with pytest.raises(ValueError, match=r"^flow must be what gradient_flow returns\. Got "):
        question(flow=wrong, **given(question))


FLOW = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5), [1.0, 2.0])


@pytest.mark.parametrize("t", ["1", None, 1.5, 0, 3, True])
def test_a_wrong_target_of_a_path_gets_a_sentence(t):
    with pytest.raises(ValueError, match=r"^t must be a whole number from 1 to 2\. Got "):
        gf.paths(FLOW, "w_xf", t, 1)


@pytest.mark.parametrize("distance", [-1, "a", 2.5, None])
def test_a_wrong_distance_gets_a_sentence(distance):
    with pytest.raises(ValueError, match=r"^distance must be a whole number from 0 on"):
        analysis.path_count(distance)


@pytest.mark.parametrize("flows", [[FLOW, FLOW], {"a": 3}, {1: FLOW}, None])
def test_what_is_no_mapping_of_flows_gets_a_sentence(flows):
    with pytest.raises(ValueError, match=r"^flows must be a mapping of names to flows\. Got "):
        figures.plot_comparison(flows)


def test_the_graph_of_a_single_step_is_drawn():
    flow = gf.gradient_flow(gf.LSTM.scalar(0.5, 0.5), [1.0])
    assert "at step 1" in figures.plot_path_graph(flow).layout.title.text
