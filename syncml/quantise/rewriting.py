"""The equations of a network in integers.

Rule: each stream ``x : f32`` of a network becomes a stream of integers with a quantisation, and each equation the layer
of `syncml.nodes.quantised` for its operator. A product with constants, the bias that is added to it, and a ReLU after
that are one layer. Streams that are rearranged keep their quantisation; a register has that of what it delays. The
inputs and outputs of the network are integers too, but for those that are asked for as real numbers: these are
converted inside of the network. Nothing in between is a float.

The layers are programs of the language, so the equations come from tracing them; each takes the name and the place of
the equation that it stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Equation, Fby, Node, Var, atoms
from syncml.ir.operators import OPERATORS, Op
from syncml.ir.types import F32, element, shape
from syncml.lang.operations import value_of
from syncml.lang.presence import ON_BASE
from syncml.lang.source import here
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Names, Session, Trace, Value, building
from syncml.nodes.fixed_point import Rounding
from syncml.nodes.quantised import (
    Affine,
    OverflowingError,
    Quantised,
    quantise,
    real,
    requantise,
)
from syncml.quantise.forms import comparison, form, in_quantisation, numbers_of
from syncml.quantise.integers import NO_PORTS, Ports, Signature, integer_constant, integers_for, placed, seen_name
from syncml.quantise.networks import weights_of
from syncml.quantise.products import linear


@dataclass(frozen=True, slots=True)
class Layer:
    """A stream of a network in integers.

    Attributes:
        source: The stream of real numbers.
        stream: The name of the stream of integers.
        kind: What computes it.
        affine: What its integers stand for.
        bound: The largest magnitude of its accumulator, for products.
        products: How many multiplications by weights it takes.
    """

    source: Var
    stream: str
    kind: str
    affine: Affine
    bound: int = 0
    products: int = 0


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A network in integers, the nodes that it calls, what its inputs and outputs stand for, and its streams."""

    node: Node
    callees: tuple[Node, ...]
    signature: Signature
    layers: tuple[Layer, ...]


def in_integers(
    network: Node, affine: Callable[[Var], Affine], names: Names, real_ports: Ports = NO_PORTS
) -> Rewritten:
    """``network`` in integers.

    Args:
        network: The network in floats.
        affine: The quantisation of a stream by its range.
        names: The names of nodes that are taken.
        real_ports: The inputs and outputs that stay real numbers.

    Raises:
        DiagnosticError: D020, a layer has no integer form; D021, an accumulator could overflow; what ``affine`` raises.
    """
    return _Network(network, affine, names, real_ports).run()


@dataclass(slots=True)
class _Network:
    """One network under construction."""

    node: Node
    affine: Callable[[Var], Affine]
    names: Names
    real_ports: Ports
    values: dict[Var, Quantised] = field(default_factory=dict[Var, Quantised])
    layers: list[Layer] = field(default_factory=list[Layer])

    def run(self) -> Rewritten:
        session = Session(names=self.names)
        trace = Trace(session, self.node.label, _Network.run.__code__, self.node.rate, self.node.span)
        kept = [t for e in self.node.equations for t in e.targets if element(t.type) is not F32]
        for var in dict.fromkeys((*self.node.inputs, *self.node.outputs, *kept)):
            trace.names.fresh(var.name)
        registers: dict[Var, tuple[Var, Affine]] = {}
        with building(session, trace):
            inputs = tuple(self._input(trace, place, var) for place, var in enumerate(self.node.inputs))
            for equation in self.node.equations:
                if isinstance(equation.rhs, Fby) and element(equation.target.type) is F32:
                    registers[equation.target] = self._register(trace, equation.target)
            uses, readers = _reading(self.node)
            for equation in _in_order(self.node):
                if equation.target not in self.values:
                    self._convert(trace, equation, uses, readers)
            for equation in self.node.equations:
                if equation.target in registers:
                    assert isinstance(equation.rhs, Fby)
                    self._delay(trace, equation, equation.rhs, *registers[equation.target])
                elif isinstance(equation.rhs, Fby):
                    trace.equations.append(replace(equation, clock=None))
            outputs = tuple(self._output(trace, place, var) for place, var in enumerate(self.node.outputs))
        session.collector.raise_if_errors()
        signature = Signature(tuple(a for _, a in inputs), tuple(a for _, a in outputs))
        node = replace(
            self.node,
            inputs=tuple(v for v, _ in inputs),
            outputs=tuple(v for v, _ in outputs),
            equations=tuple(trace.equations),
        )
        return Rewritten(node, tuple(session.nodes), signature, tuple(self.layers))

    def _input(self, trace: Trace, place: int, var: Var) -> tuple[Var, Affine | None]:
        """The input ``var`` of the network in integers, and what it stands for; None for other numbers."""
        if element(var.type) is not F32:
            return var, None
        affine = self.affine(var)
        if place in self.real_ports.inputs:
            given: Stream[Any] = stream(Value(var, ON_BASE, trace))
            self._keep(trace, var, "input", len(trace.equations), quantise(given, affine))
            return var, None
        integers = integers_for(var, affine)
        self.values[var] = Quantised(stream(Value(integers, ON_BASE, trace)), affine)
        self.layers.append(Layer(var, seen_name(integers), "input", affine))
        return integers, affine

    def _output(self, trace: Trace, place: int, var: Var) -> tuple[Var, Affine | None]:
        if element(var.type) is not F32:
            return var, None
        start = len(trace.equations)
        made = self.values[var]
        is_real = place in self.real_ports.outputs
        atom = value_of(real(made) if is_real else made.values, here()).atom
        assert atom is not None
        port = var if is_real else integers_for(var, made.affine)
        trace.equations.append(Equation((port,), Apply(Op.COPY, (atom,)), var.span))
        placed(trace, start, port, final=False)
        return port, None if is_real else made.affine

    def _keep(self, trace: Trace, var: Var, kind: str, start: int, made: Quantised, bound: int = 0, n: int = 0) -> None:
        """Note that ``made`` stands for ``var``; the equations from ``start`` on are named after it."""
        final = placed(trace, start, var, final=isinstance(made.values.ir.atom, Var))
        atom = made.values.ir.atom
        if isinstance(atom, Var) and atom in final:
            made = made.moved(stream(replace(made.values.ir, atom=final[atom])))
            self.layers.append(Layer(var, final[atom].name, kind, made.affine, bound, n))
        self.values[var] = made

    def _register(self, trace: Trace, var: Var) -> tuple[Var, Affine]:
        affine = self.affine(var)
        held = integers_for(var, affine, trace.names.fresh(var.name))
        self.values[var] = Quantised(stream(Value(held, ON_BASE, trace)), affine)
        self.layers.append(Layer(var, held.name, "state", affine))
        return held, affine

    def _delay(self, trace: Trace, equation: Equation, rhs: Fby, held: Var, affine: Affine) -> None:
        start = len(trace.equations)
        following = in_quantisation(rhs.following, self.values, affine)
        made = value_of(requantise(following, affine).values, here()).atom
        assert made is not None and rhs.init is not None
        placed(trace, start, held, final=False)
        init = integer_constant(numbers_of(rhs.init), affine, shape(held.type))
        trace.equations.append(Equation((held,), Fby(init, made), equation.span))

    def _convert(
        self, trace: Trace, equation: Equation, uses: Mapping[Var, int], readers: Mapping[Var, Equation]
    ) -> None:
        rhs, target = equation.rhs, equation.target
        assert isinstance(rhs, Apply)
        start = len(trace.equations)
        if all(element(v.type) is not F32 for v in (target, *rhs.arguments)):
            trace.equations.append(replace(equation, clock=None))
            return
        try:
            if element(target.type) is not F32:
                atom = value_of(comparison(rhs, self.values), here()).atom
                assert atom is not None
                trace.equations.append(Equation((target,), Apply(Op.COPY, (atom,)), equation.span))
                placed(trace, start, target, final=False)
                return
            if weights_of(rhs) is not None:
                last, bias, is_relu = _followed(equation, uses, readers)
                (x,) = (a for a in rhs.arguments if isinstance(a, Var))
                layer = linear(equation, self.affine(last.target), bias, is_relu, Rounding.SINGLE)
                made = layer(self.values[x])
                bound, count = layer.bound(self.values[x].affine), layer.products(made.shape)
                self._keep(trace, last.target, "product", start, made, bound, count)
                for skipped in _between(equation, last, readers):
                    self.values[skipped] = self.values[last.target]
                return
            self._keep(
                trace, target, OPERATORS[rhs.op].symbol, start, form(rhs, self.values, lambda: self.affine(target))
            )
        except OverflowingError as wrong:
            help_ = "quantise with 16-bit activations, whose sums are of 64 bits, or split the layer"
            raise DiagnosticError(error("D021", str(wrong), equation.span, help=help_)) from wrong
        except ValueError as wrong:
            help_ = f"leave the network in floats: --float {self.node.label}"
            message = f"the layer that computes `{target.name}` of `{self.node.label}` cannot be quantised: {wrong}"
            raise DiagnosticError(error("D020", message, equation.span, help=help_)) from wrong


def inside_layers(network: Node) -> frozenset[Var]:
    """The streams that a layer computes on its way, which have no integers of their own: sums without their bias."""
    uses, readers = _reading(network)
    products = [e for e in network.equations if weights_of(e.rhs) is not None]
    return frozenset(v for e in products for v in _between(e, _followed(e, uses, readers)[0], readers))


def _reading(node: Node) -> tuple[Counter[Var], Mapping[Var, Equation]]:
    """How often each stream is read, and an equation that reads it."""
    uses = Counter(a for e in node.equations for a in atoms(e.rhs) if isinstance(a, Var))
    uses.update(node.outputs)
    return uses, {a: e for e in node.equations for a in atoms(e.rhs) if isinstance(a, Var)}


def _followed(
    product: Equation, uses: Mapping[Var, int], readers: Mapping[Var, Equation]
) -> tuple[Equation, Const | None, bool]:
    """The last equation of the layer that begins with ``product``, its bias, and whether it ends in a ReLU."""
    last, bias = product, None
    following = _only_reader(last, uses, readers)
    if following is not None and isinstance(following.rhs, Apply) and following.rhs.op is Op.ADD:
        constants = [a for a in following.rhs.arguments if isinstance(a, Const)]
        if constants and shape(following.target.type) == shape(product.target.type):
            last, bias = following, constants[0]
            following = _only_reader(last, uses, readers)
    if following is not None and isinstance(following.rhs, Apply) and following.rhs.op is Op.MAX:
        constants = [a for a in following.rhs.arguments if isinstance(a, Const)]
        if constants and not numbers_of(constants[0]).any():
            return following, bias, True
    return last, bias, False


def _only_reader(equation: Equation, uses: Mapping[Var, int], readers: Mapping[Var, Equation]) -> Equation | None:
    return readers.get(equation.target) if uses[equation.target] == 1 else None


def _between(first: Equation, last: Equation, readers: Mapping[Var, Equation]) -> list[Var]:
    """The targets of the equations from ``first`` up to ``last``, which is not among them."""
    found: list[Var] = []
    equation = first
    while equation is not last:
        found.append(equation.target)
        equation = readers[equation.target]
    return found


def _in_order(node: Node) -> list[Equation]:
    """The pointwise equations, each after what it reads at its instant."""
    defined = {e.target: e for e in node.equations if isinstance(e.rhs, Apply)}
    order: list[Equation] = []
    done: set[Var] = set()
    for root in defined:
        stack = [root]
        while stack:
            var = stack[-1]
            waiting = [a for a in atoms(defined[var].rhs) if isinstance(a, Var) and a in defined and a not in done]
            if var in done or not waiting:
                stack.pop()
                if var not in done:
                    done.add(var)
                    order.append(defined[var])
            else:
                stack.append(waiting[0])
    return order
