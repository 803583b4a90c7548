"""The instructions of a pickle, followed without calling or importing anything that it names.

A pickle is a program for a small machine with a stack. This one knows the instructions that build
numbers, texts and containers. What a pickle names is kept as a name; a call of it is made only by
one of the functions that the caller hands in, which build plain records.

References
----------
Python's pickletools, which describes every instruction, and reads them without following them.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

INSTRUCTIONS = {instruction.code: instruction for instruction in pickletools.opcodes}
INSTRUCTION_LIMIT = 2_000_000

# What a damaged stream makes pickletools raise.
DAMAGED = (ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError)
PLAIN = (
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "BINSTRING",
    "SHORT_BINSTRING",
)  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
KEYS = (str, bytes, int, float, type(None))


@dataclass(frozen=True)
class Name:
    """Something that the pickle names: a class or a function, which is never looked up."""

    module: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.module}.{self.attribute}"


@dataclass
class Record:
    """An object of a class whose code is not run: its attributes alone."""

    name: Name
    attributes: dict[Any, Any] = field(default_factory=dict)


class UnknownNameError(Exception):
    """A pickle calls something that is not known."""

    def __init__(self, name: Name) -> None:
        super().__init__(str(name))
        self.name = name


class DamagedPickleError(Exception):
    """A pickle that cannot be followed."""


class _Mark:
    """What stands on the stack where a container's items begin."""


# From the arguments of a call to what stands for its result.
Call = Callable[[tuple[Any, ...]], Any]


class Machine:
    """What follows one pickle.

    Parameters
    ----------
    calls : mapping
        What stands for a call, by the name of what is called: "collections.OrderedDict".
    persistent : callable
        From what the pickle calls an object outside it to what stands for that.
    is_record : callable
        Whether objects of a class are kept as records of their attributes.
    """

    def __init__(
        self,
        calls: Mapping[str, Call],
        persistent: Callable[[Any], Any],
        is_record: Callable[[Name], bool],
    ) -> None:
        self._calls, self._persistent, self._is_record = calls, persistent, is_record
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, stream: IO[bytes]) -> Any:
        """The object that a pickle describes; the stream is left behind its end.

        Raises
        ------
        UnknownNameError
            If it calls something that is not known.
        DamagedPickleError
            If it cannot be followed.
        """
        self._stack, self._memo = [], {}
        try:
            for _ in range(INSTRUCTION_LIMIT):
                instruction = INSTRUCTIONS[stream.read(1).decode("latin-1")]
                if instruction.name == "STOP":
                    (result,) = self._stack
                    return result
                self._follow(instruction, stream)
        except DAMAGED as error:
            raise DamagedPickleError from error
        raise DamagedPickleError

    def _follow(self, instruction: pickletools.OpcodeInfo, stream: IO[bytes]) -> None:
        name = instruction.name
        step = getattr(self, f"_{name.lower()}", None)
        if step is None and name not in PLAIN and name not in CONSTANTS:
            raise DamagedPickleError
        argument = None if instruction.arg is None else instruction.arg.reader(stream)
        if step is not None:
            step(argument)
        else:
            self._stack.append(CONSTANTS.get(name, argument))

    def _proto(self, argument: int) -> None:
        pass

    def _frame(self, argument: int) -> None:
        pass

    def _mark(self, argument: None) -> None:
        self._stack.append(_Mark)

    def _pop(self, argument: None) -> None:
        self._stack.pop()

    def _items(self) -> list[Any]:
        """What stands above the last mark, taken off the stack with the mark."""
        place = len(self._stack) - 1
        while self._stack[place] is not _Mark:
            place -= 1
            if place < 0:
                raise DamagedPickleError
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _empty_dict(self, argument: None) -> None:
        self._stack.append({})

    def _empty_list(self, argument: None) -> None:
        self._stack.append([])

    def _empty_set(self, argument: None) -> None:
        self._stack.append([])

    def _empty_tuple(self, argument: None) -> None:
        self._stack.append(())

    def _tuple(self, argument: None) -> None:
        self._stack.append(tuple(self._items()))

    def _frozenset(self, argument: None) -> None:
        self._stack.append(self._items())

    def _tuple1(self, argument: None) -> None:
        self._tuple_of(1)

    def _tuple2(self, argument: None) -> None:
        self._tuple_of(2)

    def _tuple3(self, argument: None) -> None:
        self._tuple_of(3)

    def _tuple_of(self, length: int) -> None:
        items = [self._stack.pop() for _ in range(length)]
        self._stack.append(tuple(items[::-1]))

    def _append(self, argument: None) -> None:
        item = self._stack.pop()
        self._list().append(item)

    def _appends(self, argument: None) -> None:
        items = self._items()
        self._list().extend(items)

    # A set is kept as a list: its items need not be told apart.
    _additems = _appends

    def _list(self) -> list[Any]:
        if not isinstance(self._stack[-1], list):
            raise DamagedPickleError
        return self._stack[-1]

    def _setitem(self, argument: None) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def _setitems(self, argument: None) -> None:
        self._set(self._items())

    def _set(self, items: list[Any]) -> None:
        container = self._stack[-1]
        if not isinstance(container, dict) or len(items) % 2:
            raise DamagedPickleError
        # Other keys are no names of weights; tuples of tuples would take long to compare.
        pairs = zip(items[::2], items[1::2], strict=True)
        container.update((key, value) for key, value in pairs if isinstance(key, KEYS))

    def _binput(self, argument: int) -> None:
        self._memo[argument] = self._stack[-1]

    _long_binput = _binput

    def _memoize(self, argument: None) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _binget(self, argument: int) -> None:
        self._stack.append(self._memo[argument])

    _long_binget = _binget

    def _global(self, argument: str) -> None:
        self._stack.append(Name(*argument.split(" ", 1)))

    def _stack_global(self, argument: None) -> None:
        attribute, module = self._stack.pop(), self._stack.pop()
        if not isinstance(attribute, str) or not isinstance(module, str):
            raise DamagedPickleError
        self._stack.append(Name(module, attribute))

    def _binpersid(self, argument: None) -> None:
        self._stack.append(self._persistent(self._stack.pop()))

    def _reduce(self, argument: None) -> None:
        arguments, called = self._stack.pop(), self._stack.pop()
        if not isinstance(called, Name) or not isinstance(arguments, tuple):
            raise DamagedPickleError
        if str(called) not in self._calls:
            raise UnknownNameError(called)
        self._stack.append(self._calls[str(called)](arguments))

    def _newobj(self, argument: None) -> None:
        self._stack.pop()
        made = self._stack.pop()
        if not isinstance(made, Name):
            raise DamagedPickleError
        if not self._is_record(made):
            raise UnknownNameError(made)
        self._stack.append(Record(made))

    def _build(self, argument: None) -> None:
        state = self._stack.pop()
        built = self._stack[-1]
        if isinstance(built, Record) and isinstance(state, dict):
            built.attributes.update(state)
        elif not isinstance(built, dict):
            raise DamagedPickleError
