"""The command `gradflow`: open the page from any folder."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from gradflow import __version__
from gradflow.report import command_line

# What the page imports beyond the library, by the least versions. The extra `app` brings all of it;
# a hint names these, since an index may have a gradflow of somebody else.
_NEEDED = {
    "streamlit": "1.67",
    "plotly": "7.1",
    "kaleido": "1.5",
    "choreographer": "1.4",
    "pyarrow": "20",
}

# The settings say where a browser finds a page that listens on one of these: on localhost.
_LOCALHOST = ("127.0.0.1", "::1", "0.0.0.0", "::")

_SETTINGS = """
"gradflow report" writes what a file of sequences says of a model: see "gradflow report --help".

The page has settings of its own: a .streamlit/config.toml in the current folder is not read.
Set other options of its server through Streamlit's environment variables, for instance
STREAMLIT_SERVER_BASE_URL_PATH.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the page until the process is told to stop; with "report" first, write a report.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the command; by default those of this process.

    Raises
    ------
    SystemExit
        With code 2 for a bad argument, 1 where packages are missing, 0 when all is done.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["report"]:
        command_line.main(given[1:])
        return
    parser = _parser()
    options = parser.parse_args(given)
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        install = " ".join(f'"{name}>={_NEEDED[name]}"' for name in missing)
        parser.exit(
            1,
            f"gradflow: the page needs {', '.join(missing)}, which the extra [app] brings: "
            f"pip install {install}\n",
        )
    if options.port and not _can_listen(options.address or "", options.port):
        parser.error(f"argument --port: must be free to listen on. Got {options.port}.")
    from streamlit.web import cli

    # Streamlit also reads the settings of the folder in which it starts.
    os.chdir(_page_folder())
    cli.main(["run", "app.py", *_server_options(options)], prog_name="gradflow")


def _parser() -> argparse.ArgumentParser:
    parser = command_line.SentenceParser(
        prog="gradflow",
        description="Open the page that shows where the gradient goes in a recurrent network.",
        epilog=_SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--port",
        type=_port,
        help="port to listen on, 0 for any that is free (default: the first free one from 8501)",
    )
    parser.add_argument(
        "--address",
        type=_address,
        help="address of this machine to listen on, such as 127.0.0.1 (default: all)",
    )
    parser.add_argument(
        "--public-name",
        type=_name,
        metavar="NAME",
        help="name under which others reach the page, such as gradflow.example.org; "
        "all names but this, localhost and numbers are refused",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--version", action="version", version=f"gradflow {__version__}")
    return parser


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        rule = "must be a whole number from 0 to 65535"
        raise argparse.ArgumentTypeError(f"{rule}. Got {text!r}.")
    return port


def _address(text: str) -> str:
    if not text or not _can_listen(text, 0):
        raise argparse.ArgumentTypeError(f"must be an address of this machine. Got {text!r}.")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*", text.lower()):
        raise argparse.ArgumentTypeError(f"must be a host name without a port. Got {text!r}.")
    return text.lower()


def _can_listen(address: str, port: int) -> bool:
    """Whether this process could listen there; port 0 stands for any that is free."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name != "nt":  # there it would take a port that another process listens on
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, UnicodeError):  # a name that no rule can encode is a UnicodeError
            return False
    return True


def _page_folder() -> Path:
    """Where app.py and its settings are: placed by the wheel, or the top of a checkout."""
    placed = Path(__file__).with_name("served")
    return placed if placed.is_dir() else Path(__file__).parents[2]


def _server_options(options: argparse.Namespace) -> list[str]:
    """Options of `streamlit run`; those not given are left to the settings."""
    given = []
    if options.port is not None:
        given += ["--server.port", str(options.port)]
    if options.address is not None:
        given += ["--server.address", options.address]
        if options.address not in _LOCALHOST:
            shown = f"[{options.address}]" if ":" in options.address else options.address
            given += ["--browser.serverAddress", shown]
    if options.public_name is not None:
        given += ["--server.allowedHosts", options.public_name]
        given += ["--browser.serverAddress", options.public_name]
    if options.no_browser:
        given += ["--server.headless", "true"]
    return given
