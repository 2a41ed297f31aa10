"""Where each variable of a node lives: in a slot of its own, under another name, or inside of its only use.

Rule: a copy, and a sampling, is another name of what it copies: a stream that is present has one value in an instant.
An operator that only rearranges indices, or widens integers, is a view of its argument. A value that the user did not
name and that is read once is computed where it is read. Everything else has a slot: the branch of a merge that of the
merge, and a value that becomes the next value of a register that nobody reads afterwards that of the register.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock, On, conditions
from syncml.ir.constants import Const
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
    Var,
    Wave,
    When,
    atoms,
    resets,
)
from syncml.ir.operators import Op
from syncml.ir.step.lowering.elements import ELEMENTWISE, is_pointwise, is_view, is_widening, view_indices
from syncml.ir.step.syntax import Binary, BinaryOp, LoopIndex
from syncml.ir.step.traverse import walk
from syncml.ir.types import TensorType, shape, size

LIMIT = 8
"""The most operations of an expression that is moved into its use."""

_FOLDS = frozenset({Op.SUM, Op.LEAST, Op.GREATEST, Op.ALL, Op.ANY})
_JOINS = frozenset({Op.STACK, Op.CONCAT})


@dataclass(slots=True)
class Plan:
    """The decisions for one node; `syncml.ir.step.lowering.units` revises them where the order of updates asks.

    Attributes:
        definition: The equation of each variable that is not an input.
        alias: What a copy stands for, in one step.
        inside: Variables without a slot: views, and values that are computed where they are read.
        root: For the branch of a merge that is computed in place, the merge's variable.
    """

    node: Node
    definition: dict[Var, Equation]
    alias: dict[Var, Atom]
    inside: set[Var] = field(default_factory=set[Var])
    root: dict[Var, Var] = field(default_factory=dict[Var, Var])

    def resolve(self, atom: Atom) -> Atom:
        """The variable or constant that ``atom`` is another name of."""
        return self.alias.get(atom, atom) if isinstance(atom, Var) else atom

    def arguments(self, equation: Equation) -> tuple[Atom, ...]:
        """What ``equation`` reads, aliases resolved."""
        return tuple(self.resolve(a) for a in atoms(equation.rhs))

    def is_register(self, atom: Atom) -> bool:
        """Whether ``atom`` is the reading of a register."""
        equation = self.definition.get(atom) if isinstance(atom, Var) else None
        return equation is not None and isinstance(equation.rhs, Fby)

    def leaves(self, atom: Atom) -> list[Var]:
        """The variables with a slot that are read where ``atom`` is."""
        found: list[Var] = []
        stack: list[Atom] = [self.resolve(atom)]
        while stack:
            top = stack.pop()
            if not isinstance(top, Var):
                continue
            if top in self.inside:
                stack += reversed(self.arguments(self.definition[top]))
            else:
                found.append(top)
        return found

    def base(self, var: Var) -> Var:
        """The variable in whose slot ``var`` is computed."""
        while var in self.root:
            var = self.root[var]
        return var


def plan(node: Node) -> Plan:
    """Decide for every variable of a node with total clocks and without words.

    Raises:
        InternalFault: a value depends on itself within one instant.
    """
    definition = {t: e for e in node.equations for t in e.targets}
    result = Plan(node, definition, _aliases(node))
    uses, consumer = _uses(result)
    whole = _taken_whole(result)
    cost: dict[Var, int] = {}
    for equation in _in_order(result):
        if not isinstance(equation.rhs, Apply) or equation.target in result.alias:
            continue
        target = equation.target
        cost[target] = 1 + sum(
            cost.get(a, 0) for a in result.arguments(equation) if isinstance(a, Var) and a in result.inside
        )
        fits = cost[target] <= LIMIT and target not in whole
        if fits and (
            _is_view(result, equation, equation.rhs) or _moves(result, equation, equation.rhs, uses, consumer)
        ):
            result.inside.add(target)
    _share_merges(result)
    return result


def _taken_whole(plan_: Plan) -> frozenset[Var]:
    """The tensors that instances take: each reads its argument from one slot."""
    arguments = [a for e in plan_.node.equations for a in arguments_taken_whole(plan_, e)]
    return frozenset(a for a in arguments if isinstance(a, Var) and isinstance(a.type, TensorType))


def arguments_taken_whole(plan_: Plan, equation: Equation) -> tuple[Atom, ...]:
    """The arguments that instances take as they are, aliases resolved."""
    match equation.rhs:
        case Call(arguments=arguments):
            return tuple(map(plan_.resolve, arguments))
        case Iterate(arguments=arguments, shared=shared):
            return tuple(plan_.resolve(arguments[i]) for i in sorted(shared))
        case _:
            return ()


def _aliases(node: Node) -> dict[Var, Atom]:
    """Copies and samplings, each with what it stands for in the end."""
    direct: dict[Var, Atom] = {}
    for equation in node.equations:
        match equation.rhs:
            case Apply(Op.COPY, (source,)):
                direct[equation.target] = source
            case When(source):
                direct[equation.target] = source
            case _:
                pass
    final: dict[Var, Atom] = {}
    for var in direct:
        path: list[Var] = []
        atom: Atom = var
        while isinstance(atom, Var) and atom in direct and atom not in final and len(path) <= len(direct):
            path.append(atom)
            atom = direct[atom]
        if isinstance(atom, Var):
            atom = final.get(atom, atom)
        final.update((v, atom) for v in path)
    return final


def _uses(plan_: Plan) -> tuple[Counter[Var], dict[Var, Equation]]:
    """How often each variable is read, and by which equation last; conditions, resets and outputs count as two."""
    uses: Counter[Var] = Counter()
    consumer: dict[Var, Equation] = {}
    clocks: dict[Clock, None] = {}
    for equation in plan_.node.equations:
        if equation.clock is not None:
            clocks.setdefault(equation.clock)
        if not set(equation.targets) <= plan_.alias.keys():
            for atom in plan_.arguments(equation):
                if isinstance(atom, Var):
                    uses[atom] += 1
                    consumer[atom] = equation
        for reset in resets(equation.rhs):
            _count_twice(uses, plan_.resolve(reset))
        if isinstance(equation.rhs, Merge):
            _count_twice(uses, plan_.resolve(equation.rhs.condition))
    for clock in (*clocks, *plan_.node.clocks.values()):
        for condition in conditions(clock):
            _count_twice(uses, plan_.resolve(condition))
    for output in plan_.node.outputs:
        _count_twice(uses, plan_.resolve(output))
    return uses, consumer


def _count_twice(uses: Counter[Var], atom: Atom) -> None:
    if isinstance(atom, Var):
        uses[atom] += 2


def _in_order(plan_: Plan) -> list[Equation]:
    """Equations after what they read within the instant, in source order where that is free."""
    order: list[Equation] = []
    state: dict[int, bool] = {}
    for root in plan_.node.equations:
        stack = [root]
        while stack:
            equation = stack[-1]
            key = id(equation)
            if key in state:
                stack.pop()
                if not state[key]:
                    state[key] = True
                    order.append(equation)
                continue
            state[key] = False
            if isinstance(equation.rhs, Fby):
                continue
            for atom in reversed(atoms(equation.rhs)):
                needed = plan_.definition.get(atom) if isinstance(atom, Var) else None
                if needed is None:
                    continue
                if id(needed) not in state:
                    stack.append(needed)
                elif not state[id(needed)] and not isinstance(needed.rhs, Fby):
                    names = ", ".join(t.name for t in needed.targets)
                    raise InternalFault(f"{names} of {plan_.node.label} depends on itself within an instant")
    return order


def _is_view(plan_: Plan, equation: Equation, rhs: Apply) -> bool:
    """Whether the value is a rearrangement, or a widening, of a slot or constant: it costs nothing to read through."""
    if not is_view(rhs) and not _widens(equation, rhs):
        return False
    source = plan_.resolve(rhs.arguments[0])
    if isinstance(source, Var) and source in plan_.inside and not _only_views(plan_, source):
        return False
    if not isinstance(equation.target.type, TensorType) and equation.target.user:
        return False
    return rhs.op is Op.CAST or rearranges_simply(rhs, shape(equation.target.type))


def _widens(equation: Equation, rhs: Apply) -> bool:
    """Whether a tensor of integers is read in a wider type."""
    return is_widening(rhs) and isinstance(equation.target.type, TensorType)


def _only_views(plan_: Plan, var: Var) -> bool:
    """Whether ``var`` is a view of a view .. of a slot or constant."""
    atom: Atom = var
    while isinstance(atom, Var) and atom in plan_.inside:
        rhs = plan_.definition[atom].rhs
        if not isinstance(rhs, Apply) or not (is_view(rhs) or is_widening(rhs)):
            return False
        atom = plan_.resolve(rhs.arguments[0])
    return True


def rearranges_simply(rhs: Apply, extents: tuple[int, ...]) -> bool:
    """Whether reading through the view needs no division of indices."""
    read = view_indices(rhs, tuple(LoopIndex("i") for _ in extents))
    divisions = (BinaryOp.QUOT, BinaryOp.REM)
    return not any(isinstance(p, Binary) and p.op in divisions for i in read for p in walk(i))


def _moves(
    plan_: Plan, equation: Equation, rhs: Apply, uses: Mapping[Var, int], consumer: Mapping[Var, Equation]
) -> bool:
    """Whether the value is computed where it is read: once, by an equation that reads each element once."""
    target = equation.target
    is_tensor = isinstance(target.type, TensorType)
    if uses[target] != 1 or not is_pointwise(rhs) or (target.user and not is_tensor):
        return False
    if is_tensor and rhs.op in (Op.AT, Op.WINDOW):
        return False
    reader = consumer[target]
    match reader.rhs:
        case Fby():
            return True
        case Call():
            return not is_tensor
        case Iterate():
            return target not in arguments_taken_whole(plan_, reader)
        case Merge():
            branch = next(name for name, a in reader.rhs.branches if plan_.resolve(a) is target)
            return equation.clock != _branch_clock(reader, reader.rhs, branch)
        case Apply():
            return _reads_once(plan_, target, reader, reader.rhs)
        case When() | Wave() | Buffer() | Post() | Pack():
            raise InternalFault("a sampling is another name, a word is a counter, and buffers and segments are lowered")


def _reads_once(plan_: Plan, target: Var, reader: Equation, rhs: Apply) -> bool:
    if rhs.op in ELEMENTWISE:
        # What was narrowed is kept narrow, and widened where it is read.
        kept = _widens(reader, rhs) and _is_cast(plan_.definition[target])
        return size(target.type) == size(reader.target.type) and not kept
    if rhs.op is Op.AT:
        return plan_.resolve(rhs.arguments[1]) is target and not isinstance(reader.target.type, TensorType)
    if is_view(rhs):
        # Windows overlap: what they share would be computed for each of them.
        return rhs.op is not Op.UNFOLD and rearranges_simply(rhs, shape(reader.target.type))
    if rhs.op is Op.UPDATE:
        # Written once, unless it is an index, which the test reads too.
        return plan_.resolve(rhs.arguments[1]) is target and plan_.resolve(rhs.arguments[0]) is not target
    return rhs.op in _FOLDS | _JOINS


def _is_cast(equation: Equation) -> bool:
    return isinstance(equation.rhs, Apply) and equation.rhs.op is Op.CAST


def _branch_clock(equation: Equation, merge: Merge, constructor: bool | str) -> Clock:
    if equation.clock is None:
        raise InternalFault(f"{equation.target.name} is lowered before its clock is known")
    return On(equation.clock, merge.condition, constructor)


def _share_merges(plan_: Plan) -> None:
    """Let the branches of merges be computed in the slots of the merges."""
    outputs = {plan_.resolve(o) for o in plan_.node.outputs} | set(plan_.node.outputs)
    for equation in plan_.node.equations:
        if not isinstance(equation.rhs, Merge) or equation.target in plan_.alias:
            continue
        for constructor, atom in equation.rhs.branches:
            branch = plan_.resolve(atom)
            if isinstance(branch, Const) or branch in outputs or branch in plan_.root or branch in plan_.inside:
                continue
            defined = plan_.definition.get(branch)
            if defined is None or isinstance(defined.rhs, Fby):
                continue
            clock = _branch_clock(equation, equation.rhs, constructor)
            if defined.clock == clock and plan_.node.clocks.get(branch, clock) == clock:
                plan_.root[branch] = equation.target


def guards(clock: Clock) -> list[tuple[Var, bool | str]]:
    """The tests under which something on ``clock`` is computed, outermost first."""
    tests: list[tuple[Var, bool | str]] = []
    while isinstance(clock, On):
        tests.append((clock.condition, clock.constructor))
        clock = clock.parent
    return tests[::-1]


def clock_reads(plan_: Plan, clock: Clock) -> list[Var]:
    """The variables with a slot that the tests of ``clock`` read."""
    return [leaf for var in conditions(clock) for leaf in plan_.leaves(var)]
