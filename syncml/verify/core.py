"""Inductive validity cores: which equations, assumptions and lemmas a proof needs.

Rule: in the base and the step of a goal's induction each equation of the program, each assumption, each hypothesis and
each lemma has a switch. The switches of an unsatisfiable core, from which as many are taken as time allows, are what
the goal needs; what its lemmas and hypotheses need is added. So the core of a property is enough to prove it: what is
not in it could be anything. Where the solver gives up, the core is all that the property reads, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.verify.derivation import Block, Derivation, blocks, cone
from syncml.verify.model import Model, substitute_all
from syncml.verify.smt import Term, limit, with_numerals, z3
from syncml.verify.solving import simple_solver
from syncml.verify.system import System, sort_text
from syncml.verify.verdicts import Core, Proved, Result, Unreachable, VerificationReport

SECONDS = 10.0
"""How long the cores of one node are worked on."""

QUERY_SECONDS = 1.0


def with_cores(report: VerificationReport, seconds: float = SECONDS) -> VerificationReport:
    """The report with the core of every proof, and the places that no proof needs."""
    cores: dict[tuple[str, str], Core] = {}
    used: set[Span] = set()
    defined: set[Span] = set()
    for derivation in report.derivations:
        finder = _Finder(derivation, time.monotonic() + seconds)
        for goal in derivation.proofs:
            if goal in derivation.reported:
                core = finder.core(goal)
                cores[derivation.node, derivation.claims[goal].name] = core
                used.update(core.equations)
        # What is computed on the line of a clause is computed for the clause.
        clauses = {(c.span.file, c.span.line) for c in derivation.claims.values()}
        defined |= {span for span in derivation.places.values() if (span.file, span.line) not in clauses}
    lines = {(s.file, s.line) for s in used}
    idle = {(s.file, s.line): s for s in sorted(defined, key=_place) if (s.file, s.line) not in lines}
    return replace(
        report,
        results=tuple(_with_core(r, cores.get((r.node, r.name))) for r in report.results),
        unused=tuple(idle.values()),
    )


def _with_core(result: Result, core: Core | None) -> Result:
    match result.verdict:
        case Proved() as proof if core is not None:
            return replace(result, verdict=replace(proof, core=core))
        case Unreachable(proof) if core is not None:
            return replace(result, verdict=Unreachable(replace(proof, core=core)))
        case _:
            return result


def _place(span: Span) -> tuple[str, int, int]:
    return (span.file, span.line, span.column)


@dataclass(frozen=True, slots=True)
class _Need:
    """What one goal needs: names of streams and assumptions, goals and invariants; ``exact`` if a solver said so."""

    streams: frozenset[str]
    assumptions: frozenset[str]
    targets: frozenset[str]
    exact: bool
    minimal: bool


class _Finder:
    """The cores of one derivation; what a goal needs is asked once."""

    def __init__(self, derivation: Derivation, deadline: float) -> None:
        self._derivation = derivation
        self._deadline = deadline
        self._blocks = {g: b for b in blocks(derivation, derivation.proofs) for g in b.goals}
        self._questions: dict[int, _Question] = {}
        self._needs: dict[tuple[int, str], _Need] = {}

    def core(self, goal: str) -> Core:
        """The core of a goal, with what it rests on."""
        block = self._blocks[goal]
        pending = [(block, goal)]
        seen: dict[tuple[int, str], _Need] = {}
        while pending:
            block, target = pending.pop()
            key = (id(block), target)
            if key in seen:
                continue
            seen[key] = self._need(block, target)
            for other in seen[key].targets:
                pending.append((block if other.startswith("invariant!") else self._blocks[other], other))
            if target in self._derivation.rests:
                pending += [(self._blocks[g], g) for g in self._derivation.rests[target]]
        needs = list(seen.values())
        streams = {s for n in needs for s in n.streams}
        places = self._derivation.places
        spans = sorted({places[s] for s in streams if s in places}, key=_place)
        lemmas = [g for g in self._derivation.proofs if g != goal and any(g == t for _, t in seen)]
        assumed = sorted({a for n in needs for a in n.assumptions}, key=_number)
        return Core(
            tuple(spans),
            tuple(self._derivation.assumed.get(a, a) for a in assumed),
            tuple(self._derivation.claims[g].name for g in lemmas),
            all(n.exact for n in needs),
            all(n.minimal for n in needs),
        )

    def _need(self, block: Block, target: str) -> _Need:
        key = (id(block), target)
        if key not in self._needs:
            if id(block) not in self._questions:
                self._questions[id(block)] = _Question(self._derivation.system, block)
            self._needs[key] = self._questions[id(block)].need(target, self._deadline)
        return self._needs[key]


def _number(name: str) -> int:
    return int(name.rpartition("!")[2])


class _Question:
    """The base and the step of a block, with a switch for everything that a core may leave out."""

    def __init__(self, system: System, block: Block) -> None:
        self._block = block
        self._system = cone(system, [*block.goals, *block.lemmas], block.auxiliary)
        self._model = Model(self._system)
        self._targets: dict[str, Term] = dict(zip(
            (f"invariant!{i}" for i in range(len(block.auxiliary))), self._parsed(block.auxiliary), strict=True
        ))  # fmt: skip
        self._targets |= {g: self._model.constants[g] for g in (*block.goals, *block.lemmas)}
        self._switches: dict[str, Term] = {}
        self._base = self._unrolled(initial=True)
        self._step = self._unrolled(initial=False)

    def need(self, target: str, deadline: float) -> _Need:
        """What ``target`` needs at the first instants and in the step."""
        found: set[str] = set()
        exact = minimal = True
        for solver, last in ((self._base, self._block.k - 1), (self._step, self._block.k)):
            core = self._core(solver, target, last, deadline) if time.monotonic() < deadline else None
            if core is None:
                exact = minimal = False
                found |= self._everything(target)
                break
            minimal = minimal and time.monotonic() < deadline
            found |= core
        own = {"stream": set[str](), "assume": set[str](), "target": set[str]()}
        for switch in found:
            kind, _, name = switch.partition(" ")
            own[kind].add(name.partition("@")[0] if kind == "target" else name)
        own["target"].discard(target)
        return _Need(frozenset(own["stream"]), frozenset(own["assume"]), frozenset(own["target"]), exact, minimal)

    def _everything(self, target: str) -> set[str]:
        small = cone(
            self._system, [target] if target in self._block.goals else self._block.goals, self._block.auxiliary
        )
        names = [d.name for d in small.definitions] + [s.name for s in small.states]
        others = [t for t in self._targets if t != target]
        return {
            *(f"stream {_stream(n)}" for n in names if n.startswith("$")),
            *(f"assume {a}" for a in small.assumptions),
            *(f"target {t}@0" for t in others),
        }

    def _core(self, solver: _Unrolled, target: str, last: int, deadline: float) -> set[str] | None:
        order = list(self._targets)
        # Lemmas come after the block's own targets, and hold at every instant.
        earlier = {*order[: order.index(target)], *self._block.lemmas} - {target}
        usable = [
            name for name in solver.switches
            if not name.startswith("target ")
            or _usable(name, target, last, earlier, solver.step, self._block.lemmas)
        ]  # fmt: skip
        solver.solver.push()
        ends = range(last + 1) if not solver.step else (last,)
        solver.solver.add(z3.Or([z3.Not(solver.at[target, j]) for j in ends]))

        def check(names: Sequence[str]) -> set[str] | None:
            limit(solver.solver, max(0.01, min(QUERY_SECONDS, deadline - time.monotonic())))
            if solver.solver.check(*(solver.switches[n] for n in names)) != z3.unsat:
                return None
            return {t.decl().name() for t in solver.solver.unsat_core()}

        core = check(usable)
        for name in sorted(core or ()):
            if core is None or name not in core or time.monotonic() > deadline:
                continue
            core = check(sorted(core - {name})) or core
        solver.solver.pop()
        return core

    def _unrolled(self, *, initial: bool) -> _Unrolled:
        model, system, block = self._model, self._system, self._block
        solver = simple_solver(model.context, 0)
        result = _Unrolled(solver, not initial, {}, {})
        states = [s.name for s in system.states]
        for j in range(block.k + (not initial)):
            pairs = [(c, model.at(n, j)) for n, c in model.constants.items()]
            named = model.named
            roots = [
                *named.definitions.values(), *named.following.values(), *named.facts, *self._targets.values(),
            ]  # fmt: skip
            terms = iter(substitute_all(roots, pairs))
            for name in named.definitions:
                result.add(_switch(name), model.at(name, j) == next(terms))
            for name in states:
                result.add(_switch(name), model.at(name, j + 1) == next(terms))
            for _ in named.facts:
                solver.add(next(terms))
            for name, term in zip(self._targets, terms, strict=True):
                result.at[name, j] = term
                result.add(f"target {name}@{j}", term)
            for a in system.assumptions:
                result.add(f"assume {a}", model.at(a, j))
            if initial and j == 0:
                for name, term in model.initial.items():
                    result.add(_switch(name), model.at(name, 0) == term)
        if block.distinct and not initial:
            for later in range(block.k + 1):
                for earlier in range(later):
                    solver.add(z3.Or([model.at(n, earlier) != model.at(n, later) for n in states]))
        return result

    def _parsed(self, formulas: Iterable[str]) -> list[Term]:
        declared = (*self._system.inputs, *self._system.states, *self._system.definitions)
        lines = [f"(declare-const |{x.name}| {sort_text(x.sort)})" for x in declared]
        lines += [f"(assert {f})" for f in formulas]
        return with_numerals(z3.parse_smt2_string("\n".join(lines), ctx=self._model.context))


@dataclass(slots=True)
class _Unrolled:
    """A solver with all instants; ``at`` has each target at each instant, ``switches`` the switch by its name."""

    solver: Term
    step: bool
    switches: dict[str, Term]
    at: dict[tuple[str, int], Term]

    def add(self, switch: str, term: Term) -> None:
        """Assert ``term``, under a switch if it has a name."""
        if not switch:
            self.solver.add(term)
            return
        if switch not in self.switches:
            self.switches[switch] = z3.Bool(switch, term.ctx)
        self.solver.add(z3.Implies(self.switches[switch], term))


def _usable(switch: str, target: str, last: int, earlier: set[str], step: bool, lemmas: Sequence[str]) -> bool:
    """Whether a hypothesis or lemma at an instant may be used for ``target`` at the last one."""
    name, _, instant = switch.removeprefix("target ").rpartition("@")
    if name in lemmas or name in earlier:
        return True
    return step and int(instant) < last and name not in earlier


def _switch(name: str) -> str:
    return f"stream {_stream(name)}" if name.startswith("$") else ""


def _stream(name: str) -> str:
    """The stream of a constant: ``$x[0]`` and ``$x!now`` are of ``x``."""
    return name.removeprefix("$").partition("[")[0].removesuffix("!now")
