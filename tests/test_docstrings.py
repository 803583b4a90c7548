"""Every public name shows an example, and the examples print what they say."""

import doctest
import functools
import inspect
from types import ModuleType

import pytest
from support.needed import needed_module

import gradflow as gf

# What is asked by methods, and not by functions.
RECORDS = (
    gf.BidirectionalFlow,
    gf.GradientFlow,
    gf.SignedSignals,
    gf.StateJacobian,
    gf.Survey,
    gf.TrainingGradient,
)


def public():
    """Every public function, class and property, by its dotted name."""
    modules = {
        "gradflow": (gf, gf.__all__),
        "gradflow.analysis": (gf.analysis, gf.analysis.__all__),
        "gradflow.memory": (gf.memory, gf.memory.__all__),
        "gradflow.models": (gf.models, ["path"]),
        "gradflow.sequences": (gf.sequences, gf.sequences.__all__),
    }
    for folder, (module, names) in modules.items():
        for name in names:
            found = getattr(module, name)
            if inspect.isfunction(found) or inspect.isclass(found):
                yield f"{folder}.{name}", found
    for record in RECORDS:
        for name, found in inspect.getmembers_static(record, is_question):
            if not name.startswith("_"):
                yield f"gradflow.{record.__name__}.{name}", found


def is_question(member):
    return inspect.isfunction(member) or isinstance(member, property | functools.cached_property)


PUBLIC = dict(public())


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_shows_an_example_that_is_so(name):
    docstring = inspect.getdoc(PUBLIC[name])
    assert docstring, "has no docstring"
    assert "\nExamples\n--------\n" in docstring
    if ">>> import torch" in docstring:
        needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
    example = doctest.DocTestParser().get_doctest(docstring, {}, name, None, 0)
    assert example.examples
    said = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=said.append)
    assert "".join(said) == ""


def test_the_sections_of_a_docstring_come_in_the_order_of_numpydoc():
    order = ["Parameters", "Attributes", "Returns", "Raises", "See Also", "References", "Examples"]
    for name, found in PUBLIC.items():
        docstring = inspect.getdoc(found)
        places = [docstring.find(f"\n{title}\n{'-' * len(title)}\n") for title in order]
        there = [place for place in places if place >= 0]
        assert there == sorted(there), name


def test_siblings_that_are_named_exist():
    for name, found in PUBLIC.items():
        for sibling in siblings(inspect.getdoc(found)):
            path = sibling.removeprefix("gradflow.").split(".")
            roots = (gf, *RECORDS, gf.analysis, gf.memory, gf.sequences)
            assert any(reaches(root, path) for root in roots), (name, sibling)


def siblings(docstring):
    """The names in a See Also section."""
    _, found, rest = docstring.partition("\nSee Also\n--------\n")
    lines = rest.split("\n\n")[0].split("\n") if found else []
    return [name.strip() for line in lines for name in line.partition(" : ")[0].split(",")]


def reaches(root: ModuleType | type, path):
    for name in path:
        root = getattr(root, name, None)
    return root is not None
