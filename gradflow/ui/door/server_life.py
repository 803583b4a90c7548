"""What a server does for itself: room for descriptors, and memory given back when visitors go."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from streamlit import config
from streamlit.starlette import App

from gradflow.ui import server
from gradflow.ui.door.sessions import Sessions
from gradflow.ui.downloads.making import Making
from gradflow.ui.vendor_internals import (
    answer_downloads,
    close_silent_connections,
    ignore_impossible_values,
    keep_uploads_in_memory,
    kept_sessions,
)
from gradflow.ui.workers.pool import process_pool

# Seconds between two looks at which sessions have ended.
_EVERY = 15.0

# Seconds that a connection may take for the head of a request.
_HEAD_WITHIN = 10.0

# Descriptors that are asked for where the system gives fewer and allows more.
_DESCRIPTORS = 8192

# What the first page imports.
_PAGE = "gradflow.ui.comparison.page"


def upkeep(sessions: Sessions) -> Callable[[App], AbstractAsyncContextManager[None]]:
    """The life of the server, for the `lifespan` of a Streamlit `App`.

    Parameters
    ----------
    sessions : Sessions
        Those that are open.
    """

    @contextlib.asynccontextmanager
    async def life(app: App) -> AsyncIterator[None]:
        _allow_descriptors()
        close_silent_connections(_HEAD_WITHIN)
        ignore_impossible_values()
        keep_uploads_in_memory(config.get_option("server.maxUploadSize") << 20)
        making = Making()
        answer_downloads(making.made)
        task = asyncio.create_task(_tidy(app, sessions))
        try:
            yield
        finally:
            task.cancel()
            making.close()
            process_pool().close()

    return life


async def _tidy(app: App, sessions: Sessions) -> None:
    """Set the modules apart from the garbage collector, and give back what sessions held."""
    # The first browser loads its files while the page's modules are imported.
    await asyncio.to_thread(importlib.import_module, _PAGE)
    server.prepare()
    known = 0
    while True:
        left = sessions.count + kept_sessions(app)
        if left < known:
            await asyncio.to_thread(server.give_back, not left)
        known = left
        await asyncio.sleep(_EVERY)


def _allow_descriptors() -> None:
    """Raise this process's own limit of descriptors as far as it may."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
