"""What the elaboration of an expression asks of the program around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.equations.syntax import Node
from syncml.ir.types import Element, Scalar
from syncml.lustre.operations import Division
from syncml.lustre.scopes import Env, NodeRef
from syncml.lustre.syntax import Callee, Expression, TypeExpression
from syncml.lustre.types import LustreType, RecordType, Value
from syncml.lustre.walk import Walk


@dataclass(frozen=True, slots=True)
class Interface:
    """A node of the intermediate language and the types of Lustre of its inputs and outputs."""

    node: Node
    inputs: tuple[LustreType, ...]
    outputs: tuple[LustreType, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a dialect means by numbers and by sampling.

    ``integer`` and ``real`` are the types of these names; ``rounds_down`` tells how a real becomes an integer;
    ``samples_down`` lets ``x when c`` sample x by the clock of c first; ``named_clocks`` asks that what a call hands to
    an input that is a clock is a stream with a name; ``free_first`` makes the first value of a ``pre`` that no ``->``
    guards any value.
    """

    integer: Scalar
    real: Scalar
    division: Division
    rounds_down: bool
    samples_down: bool
    named_clocks: bool
    free_first: bool = False


class Context(Protocol):
    """The program that an expression stands in."""

    @property
    def rules(self) -> Rules:
        """Rules of the dialect."""
        ...

    def type_of(self, written: TypeExpression, env: Env) -> Walk[LustreType]:
        """The type that is written."""
        ...

    def constant(self, name: str, env: Env) -> Walk[Value | None]:
        """A constant or a constructor; None if the name is neither."""
        ...

    def record(self, name: str, fields: Sequence[str], env: Env, span: Span) -> Walk[tuple[RecordType, Env]]:
        """A record type, and where the default values of its fields are written."""
        ...

    def field_default(self, record: RecordType, name: str) -> Expression | None:
        """The default value of a field."""
        ...

    def callee(self, written: Callee, env: Env) -> Walk[NodeRef]:
        """The node or operator that is called."""
        ...

    def free(self, kind: Element, span: Span) -> Node:
        """The node without inputs whose output is any value of a type."""
        ...

    def instance(self, ref: NodeRef, arguments: Sequence[LustreType], span: Span) -> Walk[Interface]:
        """The node of the intermediate language for a reference."""
        ...
