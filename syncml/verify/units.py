"""Units: every declared unit is kept by what is computed.

Rule, with a unit for each stream, [.] for "the unit of", and constants of any unit:

    x + y, x - y, min, max, %     [x] = [y] = [result]         sum, shapes, casts, abs, neg, copy: kept
    x < y, x == y                 [x] = [y]                    where, merge, when, fby, buffer, post: kept
    x * y, x @ y                  [result] = [x] [y]           x / y, x // y: [result] = [x] / [y]
    sqrt x                        [result]² = [x]              x ** n: [result] = [x]^n
    exp, log, sin, cos            of numbers, are numbers      atan2(y, x): [y] = [x], the result is a number
    tanh, sigmoid                 of numbers; their result, scaled by weights, may stand for any quantity
    v[i], v[i:j]                  [v], if it is known          vec, concat: that of all parts, if known and the same
    f(x, ..)                      as the annotations of f say; where f passes a stream on, in whatever unit it is
    °C, °F                        points on a scale: choice, order and shifts by literals; no other arithmetic

A stream that nothing gives a unit has an unknown one, which agrees with all. Equal units form classes (a union-find
forest); a product is settled when two of its three units are known. Nothing of this remains at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from typing import TypeAlias, assert_never

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Collector, Label, Span, error
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Program,
    Var,
    Wave,
    When,
)  # fmt: skip
from syncml.ir.operators import OPERATORS, Op
from syncml.ir.types import BOOL, EnumType, element
from syncml.ir.units import KEPT, ONE, SiUnit, UnitFault, quantity, unit_of

_COMPARED = frozenset({Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE})
_NUMBERS = frozenset({Op.EXP, Op.LOG, Op.SIN, Op.COS})
_PARTS = frozenset({Op.INDEX, Op.SLICE, Op.AT, Op.STACK, Op.CONCAT})
_QUOTIENTS = frozenset({Op.DIV, Op.FLOORDIV})
_LINEAR = frozenset({
    Op.ADD, Op.SUB, Op.MUL, Op.MATMUL, Op.DIV, Op.FLOORDIV, Op.MOD, Op.NEG, Op.ABS, Op.SUM, Op.SQRT, Op.POW, Op.EINSUM,
})  # fmt: skip
"""What has a meaning for quantities, and not for points on a scale."""
_BY_LITERALS = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.DIV})
"""What a point on a scale may take with a literal on its right: a shift; a change of scale, which leaves no unit."""

Units: TypeAlias = Mapping[Var, SiUnit]
"""The units of streams, as far as they are known."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A unit, and the stream that was declared with it or the operation that yields it."""

    unit: SiUnit
    origin: Var | None


@dataclass(frozen=True, slots=True)
class _Summary:
    """What callers know of a node: the units of its inputs and outputs, which are one class, which are no points."""

    formals: tuple[Var, ...]
    units: tuple[_Known | None, ...]
    classes: tuple[int, ...]
    linear: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Product:
    """``[result] = [left] [right]^exponent``."""

    result: Var
    left: Var
    right: Var
    exponent: int
    equation: Equation


@dataclass(frozen=True, slots=True)
class _Part:
    """The unit of ``result`` is that of all ``sources``, if they have one: vectors may hold different quantities."""

    result: Var
    sources: tuple[Var, ...]
    equation: Equation


_Constraint: TypeAlias = _Product | _Part


def check_units(program: Program) -> None:
    """Check the units of every node.

    Args:
        program: Traced equations.

    Raises:
        DiagnosticError: T009 units do not match, T010 a unit is not known.
    """
    faults = Collector()
    infer_units(program, faults)
    faults.raise_if_errors()


def infer_units(program: Program, faults: Collector) -> dict[str, Units]:
    """The units of the streams of each node; nothing if no stream is declared with one."""
    if not any(v.unit for n in program.nodes for v in _streams(n)):
        return {}
    summaries: dict[str, _Summary] = {}
    found: dict[str, Units] = {}
    for node in program.nodes:
        inference = _Inference(summaries, faults)
        inference.run(node)
        summaries[node.name] = inference.summary(node)
        found[node.name] = {v: k.unit for v in _streams(node) if (k := inference.known(v)) is not None}
    return found


def _streams(node: Node) -> Iterable[Var]:
    yield from node.inputs
    for equation in node.equations:
        yield from equation.targets


@dataclass(slots=True)
class _Inference:
    summaries: Mapping[str, _Summary]
    faults: Collector
    parent: dict[Var, Var] = field(default_factory=dict[Var, Var])
    units: dict[Var, _Known] = field(default_factory=dict[Var, _Known])
    waiting: dict[Var, list[_Constraint]] = field(default_factory=dict[Var, list[_Constraint]])
    pending: list[_Constraint] = field(default_factory=list[_Constraint])
    linear: dict[Var, Equation] = field(default_factory=dict[Var, Equation])

    def run(self, node: Node) -> None:
        """Collect and solve the constraints of a node."""
        for var in _streams(node):
            if var.unit:
                self._declare(var)
        for equation in node.equations:
            self._equation(equation)
        while self.pending:
            self._settle(self.pending.pop())
        self._check_points()

    def known(self, var: Var) -> _Known | None:
        """The unit of a stream, if it is known."""
        return self.units.get(self._root(var))

    def summary(self, node: Node) -> _Summary:
        """What callers know."""
        formals = (*node.inputs, *node.outputs)
        roots: dict[Var, int] = {}
        classes = tuple(roots.setdefault(self._root(v), len(roots)) for v in formals)
        linear = {roots[root] for v in self.linear if (root := self._root(v)) in roots}
        return _Summary(formals, tuple(map(self.known, formals)), classes, frozenset(linear))

    def _check_points(self) -> None:
        """No arithmetic of points on a scale, reported once for all streams of one unit that meet."""
        reported: set[Var] = set()
        for var, equation in self.linear.items():
            known, root = self.known(var), self._root(var)
            if known is None or not known.unit.zero or root in reported:
                continue
            reported.add(root)
            self.faults.add(
                error(
                    "T009",
                    f"{_shown(var)} is in {known.unit}, a point on a scale, and takes part in arithmetic",
                    equation.span,
                    secondary=_origins([(var, known)]),
                    help=f'convert it first: in_unit({var.name if var.user else "x"}, "K"); differences are in K',
                )
            )

    def _declare(self, var: Var) -> None:
        try:
            unit = unit_of(var.unit)
        except UnitFault as wrong:
            self.faults.add(error("T010", str(wrong), var.span, help=wrong.help or None))
            return
        self._give(var, _Known(unit, var), var.span)

    def _equation(self, equation: Equation) -> None:
        rhs = equation.rhs
        match rhs:
            case Apply():
                self._apply(equation, rhs)
            case Call() | Iterate():
                self._call(equation, rhs)
            case Fby():
                self._same((equation.target, rhs.following), equation)
            case When():
                self._same((equation.target, rhs.source), equation)
            case Merge():
                self._same((equation.target, *(a for _, a in rhs.branches)), equation)
            case Buffer() | Pack():
                self._same((equation.target, rhs.source), equation)
            case Post():
                self._same((equation.target, rhs.following, rhs.init), equation)
            case Wave():
                pass
            case _:
                assert_never(rhs)

    def _apply(self, equation: Equation, rhs: Apply) -> None:
        target, arguments = equation.target, rhs.arguments
        if rhs.op in _LINEAR and not (rhs.op in _BY_LITERALS and not isinstance(arguments[1], Var)):
            for atom in arguments:
                if isinstance(atom, Var) and _measures(atom):
                    self.linear.setdefault(atom, equation)
        match rhs.op:
            case op if op in KEPT:
                self._same((*arguments, target), equation)
            case op if op in _COMPARED:
                self._same(arguments, equation)
            case Op.WHERE:
                self._same((*arguments[1:], target), equation)
            case op if op in _PARTS:
                whole = arguments[:1] if op is Op.AT else arguments
                sources = tuple(a for a in whole if isinstance(a, Var))
                if _measures(target) and sources:
                    self._settle(_Part(target, sources, equation))
            case Op.TANH | Op.SIGMOID:
                self._number(arguments[0], equation)
            case Op.ATAN2:
                self._same(arguments, equation)
                self._number(target, equation)
            case op if op in _NUMBERS:
                for atom in (*arguments, target):
                    self._number(atom, equation)
            case Op.MUL | Op.MATMUL:
                self._product(target, arguments, 1, equation)
            case op if op in _QUOTIENTS:
                self._product(target, arguments, -1, equation)
            case Op.SQRT:
                # [argument] = [target] [target]
                self._product(arguments[0], (target, target), 1, equation)
            case Op.POW:
                self._power(equation, arguments)
            case _:
                pass  # Truth values, bits, and vectors, whose elements may have different units.

    def _power(self, equation: Equation, arguments: Sequence[Atom]) -> None:
        base, exponent = arguments
        if isinstance(exponent, Var):
            self._number(exponent, equation)
            self._number(base, equation)
        elif isinstance(base, Var) and isinstance(exponent.value, int | float) and (known := self.known(base)):
            raised = known.unit.power(Fraction(exponent.value).limit_denominator(12))
            if raised is not None:
                self._give(equation.target, _Known(raised, None), equation.span)

    def _call(self, equation: Equation, rhs: Call | Iterate) -> None:
        for pair in zip(
            rhs.arguments, equation.targets[: rhs.carried if isinstance(rhs, Iterate) else 0], strict=False
        ):
            self._same(pair, equation)
        summary = self.summaries[rhs.node]
        actuals = (*rhs.arguments, *equation.targets)
        first: dict[int, Atom] = {}
        for formal, known, class_, actual in zip(summary.formals, summary.units, summary.classes, actuals, strict=True):
            if not isinstance(actual, Var) or not _measures(actual):
                continue
            if class_ in summary.linear:
                self.linear.setdefault(actual, equation)
            if known is not None:
                origin = known.origin if known.origin is not None else formal
                self._give(actual, _Known(known.unit, origin), equation.span)
            elif class_ in first:
                self._same((first[class_], actual), equation)
            else:
                first[class_] = actual

    def _same(self, streams: Sequence[Atom], equation: Equation) -> None:
        measured = [a for a in streams if isinstance(a, Var) and _measures(a)]
        for other in measured[1:]:
            self._union(measured[0], other, equation)

    def _union(self, one: Var, other: Var, equation: Equation) -> None:
        a, b = self._root(one), self._root(other)
        if a is b:
            return
        left, right = self.units.get(a), self.units.get(b)
        if left is not None and right is not None and left.unit != right.unit:
            self._report(equation, (one, left), (other, right))
            return
        self.parent[b] = a
        merged = left or right
        waiting = self.waiting.pop(b, [])
        if merged is not None:
            self.units[a] = merged
            self.pending += self.waiting.pop(a, []) + waiting
        elif waiting:
            self.waiting.setdefault(a, []).extend(waiting)

    def _number(self, atom: Atom, equation: Equation) -> None:
        if not isinstance(atom, Var) or not _measures(atom):
            return
        known = self.known(atom)
        if known is None:
            self._give(atom, _Known(ONE, None), equation.span)
        elif known.unit != ONE:
            symbol = OPERATORS[equation.rhs.op].symbol if isinstance(equation.rhs, Apply) else "this"
            ratio = known.unit.exponents == ONE.exponents
            self.faults.add(
                error(
                    "T009",
                    f"`{symbol}` is of a number without a unit, and {_shown(atom)} is {known.unit}",
                    equation.span,
                    secondary=_origins([(atom, known)]),
                    help='convert it first: in_unit(x, "1")'
                    if ratio
                    else f"divide it by a reference in {known.unit} first",
                )
            )

    def _product(self, result: Atom, arguments: Sequence[Atom], exponent: int, equation: Equation) -> None:
        left, right = arguments
        if isinstance(left, Var) and isinstance(right, Var) and isinstance(result, Var) and _measures(result):
            self._settle(_Product(result, left, right, exponent, equation))

    def _settle(self, constraint: _Constraint) -> None:
        match constraint:
            case _Product():
                self._settle_product(constraint)
            case _Part():
                self._settle_part(constraint)

    def _settle_part(self, part: _Part) -> None:
        found = [self.known(source) for source in part.sources]
        for source, known in zip(part.sources, found, strict=True):
            if known is None:
                self.waiting.setdefault(self._root(source), []).append(part)
                return
        units = {known.unit for known in found if known is not None}
        if len(units) == 1:
            self._give(part.result, _Known(units.pop(), None), part.equation.span)

    def _settle_product(self, product: _Product) -> None:
        """Find the third unit of a product, or check it."""
        result, left, right = (self.known(v) for v in (product.result, product.left, product.right))
        if any(known is not None and known.unit.zero for known in (result, left, right)):
            return
        square = self._root(product.left) is self._root(product.right) and product.exponent == 1
        if left is not None and right is not None:
            unit = left.unit * right.unit if product.exponent == 1 else left.unit / right.unit
            if result is None:
                self._give(product.result, _Known(unit, None), product.equation.span)
            elif result.unit != unit:
                computed = (product.equation.target, _Known(unit, None))
                self._report(product.equation, (product.result, result), computed)
        elif result is not None and square:
            root = result.unit.power(Fraction(1, 2))
            if root is not None:
                self._give(product.left, _Known(root, None), product.equation.span)
        elif result is not None and left is not None:
            other = result.unit / left.unit if product.exponent == 1 else left.unit / result.unit
            self._give(product.right, _Known(other, None), product.equation.span)
        elif result is not None and right is not None:
            other = result.unit / right.unit if product.exponent == 1 else result.unit * right.unit
            self._give(product.left, _Known(other, None), product.equation.span)
        else:
            for var in dict.fromkeys(map(self._root, (product.result, product.left, product.right))):
                if var not in self.units:
                    self.waiting.setdefault(var, []).append(product)

    def _give(self, var: Var, known: _Known, at: Span) -> None:
        root = self._root(var)
        present = self.units.get(root)
        if present is None:
            self.units[root] = known
            self.pending += self.waiting.pop(root, [])
        elif present.unit != known.unit:
            self._mismatch(at, (var, present), (known.origin or var, known))

    def _root(self, var: Var) -> Var:
        while (above := self.parent.get(var)) is not None:
            over = self.parent.get(above)
            if over is not None:
                self.parent[var] = over
            var = above
        return var

    def _report(self, equation: Equation, one: tuple[Var, _Known], other: tuple[Var, _Known]) -> None:
        self._mismatch(equation.span, one, other)

    def _mismatch(self, at: Span, one: tuple[Var, _Known], other: tuple[Var, _Known]) -> None:
        (left, a), (right, b) = one, other
        self.faults.add(
            error(
                "T009",
                f"units do not match: {_shown(left)} is {a.unit}, {_shown(right, left)} is {b.unit}",
                at,
                secondary=_origins([one, other]),
                help=_advice(one, other),
            )
        )


def _measures(var: Var) -> bool:
    return element(var.type) is not BOOL and not isinstance(element(var.type), EnumType)


def _shown(var: Var, beside: Var | None = None) -> str:
    if var is beside:
        return "what it is used as"
    return f"`{var.name}`" if var.user else "this value"


def _origins(found: Sequence[tuple[Var, _Known]]) -> list[Label]:
    labels: list[Label] = []
    for var, known in found:
        origin = known.origin
        if origin is not None:
            labels.append(Label(origin.span, f"`{origin.name}` is declared in {known.unit}"))
        elif var.user:
            labels.append(Label(var.span, f"`{var.name}` is computed in {known.unit}"))
    return labels


def _advice(one: tuple[Var, _Known], other: tuple[Var, _Known]) -> str:
    (left, a), (right, b) = one, other
    if a.unit.converts_to(b.unit):
        name = right.name if right.user else "x"
        return f'convert one side: in_unit({name}, "{a.unit}", of="{b.unit}")'
    kinds = [
        f"{_shown(v, left if v is right else None)} is {quantity(k.unit)}" for v, k in (one, other) if quantity(k.unit)
    ]
    reason = "; ".join(kinds)
    return (
        f"{reason}: check the formula, or the declared units" if reason else "check the formula, or the declared units"
    )
