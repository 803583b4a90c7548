"""Whom the server believes to be itself."""

import pytest

from gradflow.ui.door.hosts import is_own_host, is_own_origin


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8501", "LOCALHOST", "127.0.0.1:8501", "[::1]:8501", "192.168.1.7"],
)
def test_this_machine_is_known_by_localhost_and_by_its_numbers(host):
    assert is_own_host(host, ())


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "localhost.evil.example",
        "evil.example:8501",
        "0.0.0.0:8501",
        "[::]",
        "localhost:port",
        "localhost:99999",
        "user@localhost",
        "localhost/path",
        "localhost?x",
        "[::1",
        "127.0.0.1.evil.example",
    ],
)
def test_any_other_name_is_not(host):
    assert not is_own_host(host, ())


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("flow.example.org", ["flow.example.org"]),
        ("FLOW.example.org:443", ["flow.example.org"]),
        ("a.example.org", ["*.example.org"]),
        ("whatever", ["*"]),
    ],
)
def test_names_that_are_allowed_are_believed(host, allowed):
    assert is_own_host(host, allowed)


def test_a_pattern_stands_for_names_below_it_alone():
    assert not is_own_host("example.org", ["*.example.org"])
    assert not is_own_host("evilexample.org", ["*.example.org"])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_page_of_this_server_may_ask(scheme):
    assert is_own_origin(f"{scheme}://localhost:8501", "localhost:8501", ())


def test_a_program_that_sends_no_origin_may_ask():
    assert is_own_origin(None, "localhost:8501", ())


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:9999",
        "http://0.0.0.0:8501",
        "http://localhost",
        "null",
        "",
        "file://localhost:8501",
        "http://localhost:8501.evil.example",
        "http://[::1",
    ],
)
def test_a_page_from_elsewhere_may_not(origin):
    assert not is_own_origin(origin, "localhost:8501", ())


def test_an_origin_that_is_allowed_may_ask():
    assert is_own_origin("https://flow.example.org", "127.0.0.1", ["https://flow.example.org"])
