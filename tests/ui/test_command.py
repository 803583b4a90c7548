"""The command `gradflow`: what it refuses, and how it starts Streamlit."""

import importlib.util
import re
import socket
import tomllib
from pathlib import Path

import pytest

import gradflow
from gradflow.ui import command

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What Streamlit was started with: pairs of a folder and arguments."""
    monkeypatch.chdir(tmp_path)
    calls = []
    monkeypatch.setattr(
        "streamlit.web.cli.main", lambda arguments, prog_name: calls.append((Path.cwd(), arguments))
    )
    return calls


def answer(capsys, *arguments):
    """The exit code, and what the command wrote to the terminal as errors and otherwise."""
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    said = capsys.readouterr()
    return ended.value.code, said.err, said.out


@pytest.mark.parametrize("port", ["x", "", "1.5", "-1", "65536", "1e3", "9" * 5000])
def test_a_port_that_is_none_is_refused_in_one_sentence(started, capsys, port):
    code, said, _ = answer(capsys, f"--port={port}")
    rule = "argument --port: must be a whole number from 0 to 65535."
    assert (code, said) == (2, f"gradflow: {rule} Got {port!r}.\n")
    assert started == []


@pytest.mark.parametrize("address", ["", "192.0.2.1", "2001:db8::1", "no such host", "a..b", "a:b"])
def test_an_address_of_another_machine_is_refused_in_one_sentence(started, capsys, address):
    code, said, _ = answer(capsys, f"--address={address}")
    rule = "argument --address: must be an address of this machine."
    assert (code, said) == (2, f"gradflow: {rule} Got {address!r}.\n")
    assert started == []


@pytest.mark.parametrize("arguments", [["--port"], ["--prot", "1"], ["page"]])
def test_other_bad_arguments_are_refused_in_one_line(started, capsys, arguments):
    code, said, _ = answer(capsys, *arguments)
    assert code == 2
    assert re.fullmatch(r"gradflow: .+\n", said)
    assert started == []


@pytest.mark.parametrize("listens_on", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_is_taken_is_refused(started, capsys, listens_on):
    with socket.socket() as other:
        other.bind((listens_on, 0))
        other.listen()
        port = other.getsockname()[1]
        code, said, _ = answer(capsys, "--port", str(port), "--address", "127.0.0.1")
    rule = "argument --port: must be free to listen on."
    assert (code, said) == (2, f"gradflow: {rule} Got {port}.\n")
    assert started == []


def test_it_names_the_packages_that_are_missing_and_how_to_install_them(
    started, capsys, monkeypatch
):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: None if name in {"streamlit", "pyarrow"} else found(name),
    )
    code, said, _ = answer(capsys)
    assert code == 1
    assert said == (
        "gradflow: the page needs streamlit, pyarrow, which the extra [app] brings: "
        'pip install "streamlit>=1.67" "pyarrow>=20"\n'
    )
    assert started == []


def test_the_packages_it_looks_for_are_those_that_the_extra_brings():
    extras = PROJECT["optional-dependencies"]
    brought = {rule for rule in extras["app"] + extras["figures"] if ">=" in rule}
    needed = {f"{name}>={version}" for name, version in command._NEEDED.items()}
    assert {rule for rule in brought if "uvloop" not in rule} == needed  # uvloop is never imported


def test_it_starts_the_page_in_the_folder_of_its_settings(started):
    command.main([])
    assert started == [(ROOT, ["run", "app.py"])]
    assert (ROOT / ".streamlit" / "config.toml").is_file()


def test_streamlit_is_told_what_was_asked_for_and_nothing_else(started):
    command.main(["--port", "0", "--address", "127.0.0.1", "--no-browser"])
    [(_, arguments)] = started
    asked = ["--server.port", "0", "--server.address", "127.0.0.1", "--server.headless", "true"]
    assert arguments == ["run", "app.py", *asked]


@pytest.mark.parametrize(("address", "shown"), [("127.0.0.2", "127.0.0.2"), ("0:0::1", "[0:0::1]")])
def test_the_browser_is_sent_to_an_address_that_localhost_is_not(started, address, shown):
    if ":" in address and not command._can_listen("::1", 0):
        pytest.skip("needs IPv6")
    command.main(["--address", address])
    [(_, arguments)] = started
    assert arguments[-2:] == ["--browser.serverAddress", shown]


def test_it_says_its_version(capsys):
    code, _, said = answer(capsys, "--version")
    assert (code, said) == (0, f"gradflow {gradflow.__version__}\n")


def test_the_help_names_every_option_and_whose_settings_count(capsys):
    code, _, said = answer(capsys, "--help")
    assert code == 0
    for words in ("--port", "--address", "--no-browser", "--version", "--help", "config.toml"):
        assert words in said
