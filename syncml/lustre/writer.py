"""The writer: a program as one node of Lustre that Kind 2 reads, without clocks.

Rule: calls are inlined, and every stream is on the base clock of the written node. A clock becomes a Boolean stream
that is true where it is present; a stream has its value there, and any value elsewhere:

    x :: ck = c fby a         x = c -> if pre ck then pre a else pre x;
    x = a when C(y)           x = a;
    x = merge y (C -> a) ..   x = if y = C then a else ..;
    clause x :: ck            ck => x
    word u(v)                 a counter of the instants of its clock, and the comparison with the places of the ones
    reset r of a memory       x = if r then c else c -> ..

Contracts of the node are a contract of Kind 2, whose ghost streams are the equations that a clause needs; contracts of
nodes that were called are properties. `R006` names what has no form in Lustre.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from syncml.diagnostics.model import Collector, InternalFault, Span, error
from syncml.ir.clocks import Base, Clock, On, Periodic, Word, conditions
from syncml.ir.constants import Const, zero
from syncml.ir.equations.inline import inline
from syncml.ir.equations.numbers import idealised
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
    Property,
    PropertyKind,
    Var,
    Wave,
    When,
    atoms,
)
from syncml.ir.types import BOOL, EnumType, Type
from syncml.lustre.names import Names
from syncml.lustre.phrases import constant, operation, type_name


def write_lustre(program: Program, *, ideal: bool = False) -> str:
    """The text of a checked program.

    Args:
        program: Clocked equations that passed the checks.
        ideal: Write machine integers as ``int`` and floats as ``real``; the text then means the program over exact
            numbers. Without it, floats have no form in Lustre, and machine integers are those of Kind 2.

    Raises:
        DiagnosticError: R006 for each stream or operation that has no form in Lustre.
    """
    flat = inline(program)
    node = (idealised(flat) if ideal else flat).node(program.main)
    return _Writer(node).text()


class _Writer:
    """One flat node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._names = Names()
        self._enums: dict[EnumType, dict[str, str]] = {}
        self._collector = Collector()
        self._streams: dict[Var, str] = {}
        self._types: dict[str, str] = {}
        self._clocks: dict[Clock, str] = {}
        self._counters: list[str] = []
        self._lines: list[str] = []
        """The equations of clocks and counters."""

    def text(self) -> str:
        """The file."""
        node = self._node
        label = self._names.take(node.label)
        inputs = [self._declare(v) for v in node.inputs]
        copies: list[tuple[str, Var]] = []
        outputs: list[str] = []
        for var in node.outputs:
            if var in self._streams:
                # A stream that is an output twice, or an input too, is written as a copy of itself.
                name = self._names.take(f"{var.name}_out")
                self._types[name] = self._type(var.type, var.span)
                copies.append((name, var))
                outputs.append(name)
            else:
                outputs.append(self._declare(var))
        locals_ = [self._declare(t) for e in node.equations for t in e.targets if t not in self._streams]
        self._collector.raise_if_errors()
        body = self._body(self._streams)
        body += [f"  {name} = {self._streams[var]};" for name, var in copies]
        clauses = [p for p in node.properties if p.kind is not PropertyKind.MODE]
        checks = [self._check(p) for p in clauses if p.instance]
        contract = self._contract([p for p in clauses if not p.instance])
        self._collector.raise_if_errors()
        declarations = [*locals_, *self._clocks.values(), *self._counters]
        lines = [f"type {self._names.of(e)} = enum {{ {', '.join(c.values())} }};" for e, c in self._enums.items()]
        lines += [f"node {label}({self._listed(inputs)})", f"returns ({self._listed(outputs)});", *contract]
        lines += ["var", *(f"  {name}: {self._types[name]};" for name in declarations)] if declarations else []
        return "\n".join([*lines, "let", *body, *self._lines, *checks, "  --%MAIN;", "tel", ""])

    def _listed(self, names: Iterable[str]) -> str:
        return "; ".join(f"{name}: {self._types[name]}" for name in names)

    def _declare(self, var: Var) -> str:
        name = self._streams[var] = self._names.take(var.name)
        self._types[name] = self._type(var.type, var.span)
        return name

    def _type(self, type_: Type, span: Span) -> str:
        if isinstance(type_, EnumType) and type_ not in self._enums:
            self._names.give(type_, type_.name)
            self._enums[type_] = {c: self._names.take(c) for c in type_.constructors}
        name = self._names.of(type_) if isinstance(type_, EnumType) else type_name(type_)
        if name is None:
            self._refuse(f"a stream of {type_}", span)
        return name or "int"

    def _refuse(self, what: str, span: Span) -> None:
        self._collector.add(
            error(
                "R006", f"{what} has no form in Lustre", span, help="export the parts that use it as C, or leave it out"
            )
        )

    def _atom(self, atom: Atom, names: Mapping[Var, str]) -> str:
        if isinstance(atom, Var):
            return names[atom]
        if isinstance(atom.element, EnumType):
            self._type(atom.element, self._node.span)
            return self._enums[atom.element][str(atom.value)]
        return constant(atom)

    def _body(self, names: Mapping[Var, str]) -> list[str]:
        return [f"  {names[e.target]} = {self._expression(e, names)};" for e in self._node.equations]

    def _expression(self, equation: Equation, names: Mapping[Var, str]) -> str:
        rhs = equation.rhs
        match rhs:
            case Apply():
                parts = tuple(self._atom(a, names) for a in rhs.arguments)
                found = operation(rhs, parts, equation.target.type)
                if found is None:
                    types = ", ".join(str(a.type) for a in rhs.arguments)
                    self._refuse(f"`{rhs.op.value}` of {types}", equation.span)
                return found or "0"
            case Fby():
                first = self._atom(rhs.init or zero(equation.target.type), names)
                following = self._atom(rhs.following, names)
                present = self._present(equation.clock)
                if not isinstance(rhs.following, Var):
                    following = f"({following})"
                before = f"pre {following}"
                if present is not None:
                    before = f"if pre {present} then {before} else pre {names[equation.target]}"
                return f"{self._restarted(rhs.resets, first, names)}{first} -> {before}"
            case When():
                return self._atom(rhs.source, names)
            case Merge():
                *some, (_, last) = rhs.branches
                chosen = "".join(
                    f"if {self._selects(rhs.condition, c, names)} then {self._atom(a, names)} else " for c, a in some
                )
                return chosen + self._atom(last, names)
            case Wave():
                return self._letter(rhs.word, self._present(equation.clock), rhs.resets)
            case Post() | Pack():
                self._refuse("a stream of the future", equation.span)
                return "0"
            case Call() | Iterate() | Buffer():
                raise InternalFault(f"{equation.targets} is written before it is lowered")
            case _:
                assert_never(rhs)

    def _selects(self, condition: Var, constructor: bool | str, names: Mapping[Var, str]) -> str:
        if condition.type is BOOL:
            return names[condition] if constructor else f"not {names[condition]}"
        assert isinstance(condition.type, EnumType)
        return f"{names[condition]} = {self._atom(Const(constructor, condition.type), names)}"

    def _present(self, clock: Clock | None) -> str | None:
        """The stream that tells where a clock is present; None if it always is."""
        if clock is None or isinstance(clock, Base):
            return None
        if clock not in self._clocks:
            parent = self._present(clock.parent)
            match clock:
                case On():
                    here = self._selects(clock.condition, clock.constructor, self._streams)
                case Periodic():
                    here = self._letter(clock.word, parent, ())
            name = self._clocks[clock] = self._names.take("present")
            self._types[name] = "bool"
            self._lines.append(f"  {name} = {here if parent is None else f'{parent} and {here}'};")
        return self._clocks[clock]

    def _restarted(self, resets: tuple[Var, ...], first: str, names: Mapping[Var, str]) -> str:
        """What comes before the equation of a memory that is reset."""
        if not resets:
            return ""
        here: list[str] = []
        for reset in resets:
            present = self._present(self._node.clocks[reset])
            here.append(names[reset] if present is None else f"({present} and {names[reset]})")
        return f"if {' or '.join(here)} then {first} else "

    def _letter(self, word: Word, present: str | None, resets: tuple[Var, ...]) -> str:
        """Whether a word has a one at this instant of its clock."""
        letters = (*word.prefix, *word.period)
        name = self._names.take("count")
        self._counters.append(name)
        self._types[name] = "int"
        last, first = len(letters) - 1, len(word.prefix)
        following = f"if pre {name} = {last} then {first} else pre {name} + 1"
        if present is not None:
            following = f"if pre {present} then ({following}) else pre {name}"
        self._lines.append(f"  {name} = {self._restarted(resets, '0', self._streams)}0 -> {following};")
        return "(" + (" or ".join(f"{name} = {i}" for i, letter in enumerate(letters) if letter) or "false") + ")"

    def _holds(self, clause: Property, names: Mapping[Var, str]) -> str:
        present = self._present(self._node.clocks[clause.holds])
        return names[clause.holds] if present is None else f"({present} => {names[clause.holds]})"

    def _check(self, clause: Property) -> str:
        name = (f"{clause.instance}.{clause.name}" if clause.instance else clause.name).replace('"', "'")
        holds = self._holds(clause, self._streams)
        if clause.kind is PropertyKind.COVER:
            return f'  check reachable "{name}" not {holds};'
        return f"  assert {holds};" if clause.kind is PropertyKind.ASSUME else f'  check "{name}" {holds};'

    def _contract(self, clauses: list[Property]) -> list[str]:
        """The contract of the node; a clause that needs clocks is a property or an assertion of the body."""
        lines: list[str] = []
        written: set[Var] = set()
        ghosts: dict[Var, str] = {}
        for clause in clauses:
            trusted = clause.kind in (PropertyKind.ASSUME, PropertyKind.REQUIRE)
            shown = {*self._node.inputs, *(() if trusted else self._node.outputs)}
            cone = self._cone(clause.holds, shown)
            if clause.kind is PropertyKind.COVER:
                self._lines.append(self._check(clause))
                continue
            if any(not isinstance(e.clock, Base) or isinstance(e.rhs, Wave) for e in cone) or (
                not isinstance(self._node.clocks[clause.holds], Base)
            ):
                word = "assert" if trusted else f'check "{clause.name}"'
                self._lines.append(f"  {word} {self._holds(clause, self._streams)};")
                continue
            names = {v: self._streams[v] for v in shown}
            for equation in cone:
                if equation.target not in ghosts:
                    ghosts[equation.target] = self._names.take(f"{equation.target.name}_ghost")
            names = {**ghosts, **names}
            for equation in cone:
                if equation.target not in written:
                    written.add(equation.target)
                    type_ = self._type(equation.target.type, equation.span)
                    lines.append(f"  var {ghosts[equation.target]}: {type_} = {self._expression(equation, names)};")
            kind = "assume" if trusted else "guarantee"
            name = clause.name.replace('"', "'")
            lines.append(f'  {kind} "{name}" {names[clause.holds]};')
        return ["(*@contract", *lines, "*)"] if lines else []

    def _cone(self, holds: Var, shown: set[Var]) -> list[Equation]:
        """The equations that define ``holds`` in terms of the interface, each after what it reads at once."""
        definition = {t: e for e in self._node.equations for t in e.targets}
        ordered: dict[Var, Equation] = {}
        roots = [holds]
        seen: set[Var] = set()
        while roots:
            pending = [roots.pop()]
            while pending:
                var = pending[-1]
                if var in ordered or var in shown:
                    pending.pop()
                    continue
                equation = definition[var]
                reads = [a for a in atoms(equation.rhs) if isinstance(a, Var)]
                needed = [*conditions(self._node.clocks[var]), *([] if isinstance(equation.rhs, Fby) else reads)]
                if var in seen:
                    ordered[var] = equation
                    roots += reads
                    pending.pop()
                else:
                    seen.add(var)
                    pending += [v for v in needed if v not in seen]
        return list(ordered.values())
