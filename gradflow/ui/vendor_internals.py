"""All that the ui uses of Streamlit, uvicorn and kaleido beyond their documentation.

A new version may change any of it: tests/ui/test_vendor_internals.py then names what here is to be
renewed. The scripts have a file of their own, ui/component/scripts/vendor_internals.js.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.formparsers import MultiPartParser
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest
from streamlit.proto.ForwardMsg_pb2 import BackendOperationResponse, ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime import Runtime
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import Serialized, WStates
from streamlit.runtime.uploaded_file_manager import DeletedFile
from streamlit.starlette import App
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import kaleido

_log = logging.getLogger(__name__)

# Most characters of a component's JSON: Streamlit calls a function for each event in it.
_LONGEST_JSON = 10_000

# Streamlit's theme for charts replaces this by the colour of the page's text, light or dark.
TEXT_COLOUR = "#000037"


@contextlib.contextmanager
def sent_together() -> Iterator[None]:
    """Send what is drawn within at the end, all at once.

    Streamlit sends each element when it is drawn, and its front end draws all elements of the page
    anew for each batch that arrives: on a busy machine for nearly each element.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        yield
        return
    send, held = context._enqueue, []

    def hold(message: ForwardMsg) -> None:
        context.yield_check()  # a newer run ends this one between two elements, as ever
        held.append(message)

    context._enqueue = hold
    try:
        yield
    finally:
        context._enqueue = send
        for message in held:
            send(message)


def end_if_asked_anew() -> None:
    """End this run here if a newer one is asked for, as Streamlit does at each element."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        context.yield_check()


def told_by_browser(key: str) -> bool:
    """Whether the browser has told, when it asked for this run, what a widget holds.

    Parameters
    ----------
    key : str
        Of a widget that this run has not drawn yet.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return True
    state = context.session_state._state
    return state._key_id_mapper.get_id_from_key(key) in state._new_widget_state.states


@functools.cache
def ignore_impossible_values() -> None:
    """Have what a message tells of a widget left out where the widget cannot hold it.

    Streamlit raises in the middle of a run where a value is of another type than the widget's or
    cannot be read, and again in each run that follows, as it keeps the value. Callbacks meet files
    that the server does not have.
    """
    read = WStates.__getitem__

    def value(self: Any, name: str) -> Any:
        told, known = self.states.get(name), self.widget_metadata.get(name)
        if isinstance(told, Serialized) and known is not None and not _can_hold(known, told.value):
            raise KeyError(name)  # as if nothing had been told
        try:
            found = read(self, name)
        except Exception as failure:
            raise KeyError(name) from failure
        if known is not None:  # Streamlit takes the kind of what was told for the widget's own
            self.set_widget_metadata(known)
        files = found if isinstance(found, list) else [found]
        if any(isinstance(file, DeletedFile) for file in files):
            raise KeyError(name)
        return found

    WStates.__getitem__ = value  # type: ignore[method-assign]


def _can_hold(known: WidgetMetadata[Any], told: WidgetState) -> bool:
    """Whether a value is one that a widget may have; none at all stands for its default."""
    kind = told.WhichOneof("value")
    if kind is None:
        return True
    if len(told.json_value) + len(told.json_trigger_value) > _LONGEST_JSON:
        return False
    if kind == "json_value" and not told.json_value.lstrip().startswith("{"):
        return False  # the state of a component is an object, and a text would be read once more
    widget = getattr(known.deserializer, "__self__", None)
    offered = getattr(widget, "formatted_option_to_option_index", None)
    if kind == "string_value" and offered is not None and told.string_value not in offered:
        return False
    # A field for a number is told as a whole one or not.
    return kind == known.value_type or {kind, known.value_type} == {"int_value", "double_value"}


def kept_sessions(app: App) -> int:
    """How many closed sessions are kept for a reconnect, once those whose time is over are ended.

    Streamlit looks for these only when another session is closed. Its loop holds on to the session
    that it has served last until it serves another: so all that a session holds is taken from it.
    """
    kept: Any = app._runtime._session_mgr._session_storage._cache  # type: ignore[union-attr]
    before = dict(kept._data)
    left = len(kept)  # lets go of those
    for name in before.keys() - kept._data.keys():
        session = before[name].session
        session.shutdown()
        if session._scriptrunner is None:  # else its last run is about to end, and then lets go
            session.session_state.clear()
    return left


def answer_downloads(made: Callable[[str, str, Callable[[], str]], Awaitable[str]]) -> None:
    """Have files that are made on a click made by a function of one's own.

    Streamlit makes each in any thread, as many as are asked for, and says of every failure the same
    sentence, whatever the exception said. What stands in an answer's `error_msg` is shown below the
    button.

    Parameters
    ----------
    made : callable
        Given the session, the type of the file and what makes it, gives the file's address. What
        it raises is a `ValueError` or a `RuntimeError` with a sentence for the visitor.
    """

    async def handle(
        self: Any, request: BackendOperationRequest, session_id: str
    ) -> BackendOperationResponse:
        files, name = self._get_media_file_mgr(), request.deferred_file.file_id
        entry = files._deferred_callables.get(name)
        kind = "" if entry is None else entry["mimetype"] or ""
        answer = BackendOperationResponse(request_id=request.request_id)
        try:
            answer.deferred_file.url = await made(
                session_id, kind, lambda: str(files.execute_deferred(name))
            )
        except (RuntimeError, ValueError) as failure:
            answer.error_msg = str(failure)
        except MediaFileStorageError as failure:
            answer.error_msg = _sentence_of(failure.__cause__)
        return answer

    DeferredFileHandler.handle = handle  # type: ignore[method-assign]


def _sentence_of(failure: BaseException | None) -> str:
    """What a visitor is told of a file that could not be made."""
    if failure is None:
        return "The page has changed since this button was drawn. Try again."
    if isinstance(failure, RuntimeError | ValueError):
        return str(failure)
    _log.error("A file for a visitor could not be made", exc_info=failure)
    return "The file could not be made, for a reason that the server's log has."


def bytes_uploaded(session: str) -> int:
    """Bytes of the files that a session has uploaded and the server still holds."""
    if not Runtime.exists():
        return 0
    files: Any = Runtime.instance().uploaded_file_mgr
    return sum(len(file.data) for file in tuple(files.file_storage.get(session, {}).values()))


def keep_uploads_in_memory(most: int) -> None:
    """Have files of up to `most` bytes kept in memory as they arrive.

    Starlette writes what is larger than a megabyte to a temporary file.
    """
    MultiPartParser.spool_max_size = most


@functools.cache
def close_silent_connections(seconds: float) -> None:
    """Have connections to come closed that do not send the head of a request in time.

    uvicorn waits for the rest of a head for ever, and has no setting for it. A clock is started
    with the connection and with each head that arrives in parts.
    """
    made, received = H11Protocol.connection_made, H11Protocol.data_received

    def connection_made(self: Any, transport: Any) -> None:
        made(self, transport)
        self._head_clock = self.loop.call_later(seconds, _close_if_silent, self)

    def data_received(self: Any, data: bytes) -> None:
        received(self, data)
        over = self._head_clock.when() < self.loop.time()
        if over and not _is_served(self) and self.timeout_keep_alive_task is None:
            self._head_clock = self.loop.call_later(seconds, _close_if_silent, self)

    H11Protocol.connection_made = connection_made  # type: ignore[method-assign]
    H11Protocol.data_received = data_received  # type: ignore[method-assign]


def _close_if_silent(connection: Any) -> None:
    """Close a connection, unless a request is answered or it has become a websocket."""
    if not _is_served(connection) and connection.transport.get_protocol() is connection:
        connection.transport.close()


def _is_served(connection: Any) -> bool:
    return connection.cycle is not None and not connection.cycle.response_complete


# kaleido is imported late, as all that only downloads need.


def browser_path() -> Path | None:
    """Where kaleido finds Chrome or Chromium; None where it finds none.

    kaleido looks through choreographer, and tells only by failing.
    """
    from choreographer.browsers.chromium import Chromium

    found = Chromium.find_browser(skip_local=False)
    return None if found is None else Path(found)


def offline_kaleido() -> kaleido.Kaleido:
    """A browser that draws figures and reaches no other machine, still to be opened.

    kaleido hands arguments that it does not know to choreographer, which knows `proxy_server`. Left
    alone, Chromium asks its makers for updates and the time. The page that draws is a file, for
    which no proxy is asked; all else goes to a port of this machine where nobody listens.
    """
    import kaleido

    return kaleido.Kaleido(
        page_generator=kaleido.PageGenerator(mathjax=False), proxy_server="http://127.0.0.1:9"
    )


def browser_process(opened: kaleido.Kaleido) -> subprocess.Popen[bytes]:
    """The process of an opened browser, for whoever must know whether it lives, or end it."""
    process: subprocess.Popen[bytes] = opened.subprocess
    return process
