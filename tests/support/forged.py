"""A session whose messages nobody's browser would send."""

import asyncio
import json
import math

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.page_visitor import tell_painted

HUGE = "9" * 100_000
PICKED = [None, [], "text", 5, {}, {"t": 3}, {"t": [1], "k": {}}, {"t": 1e99, "k": "∞"}, {"k": 2}]

# What the state of a widget may hold, whatever the widget is.
VALUES = {
    "trigger_value": [True],
    "bool_value": [True, False],
    "double_value": [math.nan, math.inf, -1e300, 0.3, -0.0, 7.0],
    "int_value": [2**62, -(2**62), 7],
    "string_value": ["", "text", "\x00", "🙂`|`<b>", HUGE, "1e999"],
    "double_array_value": [[], [math.nan], [math.inf], [-1e300], [1.0, 2.0, 3.0], [7.0]],
    "int_array_value": [[], [2**62], [3, -1], [999]],
    "string_array_value": [[], ["text"], [HUGE] * 3],
    "json_value": ["", "null", "[]", "text", '"text"', "{}", '{"picked": null}', "[" * 2000],
    "json_trigger_value": ["", "null", "text", "[5]", '[{"event": 5}]', "[" * 2000],
    "bytes_value": [b"", b"\xff" * 100],
    "arrow_value": [b"no table"],
    "string_trigger_value": ["text", HUGE],
    "chat_input_value": ["text"],
    "file_uploader_state_value": ["gone.npz", "\x00"],
}
_INSIDE = {
    "double_array_value",
    "int_array_value",
    "string_array_value",
    "arrow_value",
    "string_trigger_value",
    "chat_input_value",
}


def state(name, kind, value):
    """The state of a widget."""
    made = WidgetState(id=name)
    if kind == "file_uploader_state_value":
        made.file_uploader_state_value.uploaded_file_info.add(file_id="none", name=value, size=5)
    elif kind not in _INSIDE:
        setattr(made, kind, value)
    elif isinstance(value, list):
        getattr(made, kind).SetInParent()  # so that an empty list is told too
        getattr(made, kind).data.extend(value)
    else:
        getattr(made, kind).data = value
    return made


def picks(component, count, value):
    """That a component's cells were picked so many times."""
    told = json.dumps([{"event": "picked", "value": value}] * count)
    return state(_make_trigger_id(component, "events"), "json_trigger_value", told)


class Session:
    """One websocket, on one page."""

    def __init__(self, socket, page=""):
        self._socket, self._page = socket, page
        self.widgets = {}
        self.fragments = set()
        self.failures = []
        self._charts = b""
        self._painted = False

    def rerun(self, *states, query="T=5", **fields):
        """The message that asks for a run."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_name = query, self._page
        for name, value in fields.items():
            setattr(asked, name, value)
        asked.widget_states.widgets.extend(states)
        return message.SerializeToString()

    async def send(self, message):
        await self._socket.send(message)

    async def run(self, message):
        """Send a message, and wait for the run that it begins to end."""
        await self.begin(message)
        await self.end()

    async def begin(self, message):
        """Send a message, and wait for the run that it begins to begin; the one before is ended."""
        await self.send(message)
        while await self._met() != "new_session":
            pass

    async def end(self):
        """Wait for a run to end that no other has ended."""
        while await self._met() != "ended":
            pass

    async def _met(self):
        """What the next message says: which kind it is, or that a run has ended by itself."""
        answer = ForwardMsg.FromString(await asyncio.wait_for(self._socket.recv(), 60))
        if self._charts and not self._painted:
            self._painted = True
            await tell_painted(self._socket, self._charts)
        kind = answer.WhichOneof("type")
        if kind == "delta" and answer.delta.HasField("new_element"):
            self._meet(answer.delta)
        early = answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        return "ended" if kind == "script_finished" and not early else kind

    def _meet(self, delta):
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.failures.append(element.exception.message)
        if element.bidi_component.component_name == "gradflow_heatmaps":
            self._charts = element.bidi_component.bytes
        name = getattr(getattr(element, kind), "id", "")
        if name:
            self.widgets[name] = kind
        if delta.fragment_id:
            self.fragments.add(delta.fragment_id)

    @property
    def components(self):
        return [name for name, kind in self.widgets.items() if kind == "bidi_component"]


def _one(generator, values):
    values = list(values)
    return values[generator.integers(len(values))]


def about_a_widget(generator, session):
    """Any value of any kind, told of a widget of the page or of none; most of its own kind."""
    own = {
        "slider": "double_array_value",
        "number_input": "double_value",
        "checkbox": "bool_value",
        "selectbox": "string_value",
        "text_area": "string_value",
        "bidi_component": "json_value",
        "file_uploader": "file_uploader_state_value",
        "button": "trigger_value",
    }
    name = _one(generator, [*session.widgets, "$$ID-0-none"])
    kind = own.get(session.widgets.get(name))
    if kind is None or generator.random() < 0.4:
        kind = _one(generator, VALUES)
    return session.rerun(state(name, kind, _one(generator, VALUES[kind])))


def about_a_pick(generator, session):
    """A cell that was picked, and is none."""
    component = _one(generator, session.components)
    return session.rerun(
        picks(component, int(_one(generator, [1, 3, 200])), _one(generator, PICKED))
    )


def about_the_run(generator, session):
    """A run of what is not there, or from where nobody is."""
    fields = _one(
        generator,
        [
            {"page_script_hash": "none"},
            {"page_name": "\x00/../no page"},
            {"fragment_id": _one(generator, [*session.fragments, ""])},
            {"is_auto_rerun": True},
            {"is_history_navigation": True},
            {"query": HUGE},
            {"query": "w_s=nan&w_s=%00&T=5&=&&"},
        ],
    )
    return session.rerun(**fields)


def begins_no_run(generator, session):
    """What is no message, or one that pages never send, or of what is not there."""
    whole = session.rerun(state("$$ID-0-none", "string_value", "text"))
    kind = generator.integers(8)
    if kind == 0:
        return generator.bytes(int(generator.integers(1, 200)))
    if kind == 1:
        return whole[: int(generator.integers(1, len(whole) - 1))]
    if kind == 2:
        return "text"
    if kind == 3:
        return session.rerun(fragment_id="none")
    if kind == 4:
        return session.rerun(*[state(f"{n}", "bool_value", True) for n in range(2000)])
    message = BackMsg()
    if kind == 5:
        message.backend_operation_request.deferred_file.file_id = "none"
        message.backend_operation_request.session_id = _one(generator, ["", "none"])
    elif kind == 6:
        message.file_urls_request.file_names.extend([HUGE[:1000]] * int(_one(generator, [2, 5000])))
    else:
        other = ["clear_cache", "load_git_info", "set_run_on_save", "debug_shutdown_runtime"]
        setattr(message, _one(generator, other), True)
    return message.SerializeToString()
