"""Which `Host` and `Origin` belong to this server, told from the request and the settings alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit


def is_own_host(host: str | None, allowed: Sequence[str]) -> bool:
    """Whether a request's Host header may be this server's.

    A page from elsewhere can point a name of its own at this machine, but no number: so a number
    is believed, and of names only localhost and those allowed.

    Parameters
    ----------
    host : str or None
        The header.
    allowed : sequence of str
        Further names; "*.example.org" stands for all below example.org, "*" for any.
    """
    name = _host_name(host)
    if name is None:
        return False
    if name == "localhost" or any(_matches(name, pattern) for pattern in allowed):
        return True
    try:
        return not ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False


def is_own_origin(origin: str | None, host: str | None, allowed: Sequence[str]) -> bool:
    """Whether a request comes from a page of this server, or of an origin that is allowed.

    Parameters
    ----------
    origin : str or None
        The header; programs that are no browsers send none.
    host : str or None
        The header that names this server.
    allowed : sequence of str
        Further origins, such as "https://example.org".
    """
    if origin is None:
        return True
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    # A reverse proxy may speak TLS on our behalf, so the scheme is not compared.
    return parts.scheme in ("http", "https") and host is not None and parts.netloc == host


def _host_name(host: str | None) -> str | None:
    """The name in a Host header, in lower case; None unless it is a name and at most a port."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where it is no port
    except ValueError:
        return None
    if host is None or parts.netloc != host or parts.username is not None:
        return None
    return None if parts.hostname is None else parts.hostname.rstrip(".")


def _matches(name: str, pattern: str) -> bool:
    pattern = pattern.strip().lower().rstrip(".")
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern in (name, "*")
