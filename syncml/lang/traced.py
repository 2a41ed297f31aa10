"""Plain functions as nodes: what an iterator, which needs a node, does with a function of streams.

Rule: the parameters are what the function is applied to, the results what it returns, and a stream of the node around
it that it reads is one more input.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from syncml.ir.types import Type, element, shape
from syncml.lang.annotations import Result
from syncml.lang.node import Interface, Node, Options, Parameter
from syncml.lang.operations import value_of
from syncml.lang.records import Record
from syncml.lang.source import Place, here
from syncml.lang.trace import Trace
from syncml.lang.types import Pattern


class Traced(Node[..., Any]):
    """A plain function as a node: it takes what it is applied to, and may read streams of the node around it.

    ``body`` is what runs; the names of streams are those of the source of ``function``.
    """

    def __init__(
        self, function: Callable[..., Any], label: str, place: Place, outer: Trace, body: Callable[..., Any]
    ) -> None:
        super().__init__(function, Options(), {})
        self.outer = outer
        self._label = label
        self._body = body
        self._keywords: frozenset[str] = frozenset()
        self.__dict__["span"] = place.span
        # Each use is a node of its own: the same function may read other streams there.
        del self.__syncml_function__

    @property
    def label(self) -> str:
        """The name of the function, or of the iterator for one without a name."""
        return self._label

    def takes(self, parameters: Sequence[Parameter], keywords: frozenset[str]) -> None:
        """Say what the function is applied to."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        signature = inspect.Signature([inspect.Parameter(p.name, kind) for p in parameters])
        self._keywords = keywords
        self.__dict__["interface"] = Interface(tuple(parameters), (), signature)

    def run(self, arguments: Mapping[str, object]) -> object:
        """What the function returns."""
        positional = [value for name, value in arguments.items() if name not in self._keywords]
        named = {name: value for name, value in arguments.items() if name in self._keywords}
        return self._body(*positional, **named)

    def result_for(self, returned: object) -> Result:
        """The form of what the function returned."""
        match returned:
            case None:
                return ()
            case tuple():
                return tuple(map(self.result_for, cast("tuple[object, ...]", returned)))
            case Record():
                return type(returned)
            case _:
                value = value_of(returned, here())
                return Pattern(None, None) if value.atom is None else _closed(value.type)


def _closed(type_: Type) -> Pattern:
    return Pattern(element(type_), shape(type_))
