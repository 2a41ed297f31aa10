"""Certificates: a proof as SMT-LIB 2 text that any solver can check, without syncml.

Rule: a block of goals that is proved by induction over ``k`` instants holds at every instant if no run violates one of
them in its first ``k`` instants, and none at the end of any ``k + 1`` consecutive instants at the first ``k`` of which
all of them hold. Both are asked goal by goal, each with those before it: the first violation of any has none earlier
in time, nor earlier in the order. Lemmas are goals of an earlier block of the same file. Where the proof says so, the
step is about instants with pairwise different states: a shortest violation visits no state twice, because what lies
between the visits could be left out. An invariant is a goal that the user did not write.

The text is made of the system as it was translated from the program, by renaming ``x`` to ``x@k`` and nothing else: no
solver, and nothing that an engine did to the system, has a part in it. Definitions and next states are
``define-fun``, so they cannot contradict each other; all that is asserted are facts about the encoding, the user's
assumptions, hypotheses and lemmas, and instances of the laws of rounding that a proof uses. Facts about registers alone
are not believed either: that they hold at first and are kept is the last block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from syncml.dataclass import dataclass
from syncml.verify.derivation import Block, Derivation, Reads, blocks, cone, instants, renamed, symbols, timeless
from syncml.verify.system import System, sort_text

LONGEST_STEP = 30_000
"""With more lines of hypotheses than this they are stated once for all goals of a step."""

CHECK = "(check-sat)"
"""Each stands on a line of its own, after a line with the answer that is expected."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The text that shows some properties of a node.

    Attributes:
        node: The label of the node.
        properties: What it is for; these proofs rest on nothing outside of it.
        supporting: The properties that it proves on the way.
        text: SMT-LIB 2.
        checks: How many answers are expected.
    """

    node: str
    properties: tuple[str, ...]
    supporting: tuple[str, ...]
    text: str
    checks: int


def certificates(derivation: Derivation, program: str, wanted: Iterable[str]) -> list[Certificate]:
    """Certificates that together prove every ``wanted`` goal that is proved, each with all that it rests on.

    One that another contains is not written again. ``program`` names the program in the header.
    """
    chosen = set(wanted)
    support: dict[str, frozenset[str]] = {g: derivation.supports(g) for g in derivation.proofs if g in chosen}
    result: list[Certificate] = []
    while support:
        # The proof that covers most comes first; what it contains goes with it.
        largest = max(support.values(), key=lambda s: len(s & support.keys()))
        covered = [g for g in support if support[g] <= largest]
        result.append(_certificate(derivation, program, covered, largest))
        support = {g: s for g, s in support.items() if g not in covered}
    return result


def _certificate(derivation: Derivation, program: str, wanted: Sequence[str], support: frozenset[str]) -> Certificate:
    steps = blocks(derivation, support)
    formulas = [f for b in steps for f in (*b.auxiliary, *map(timeless, b.roundings))]
    writer = _Writer(cone(derivation.system, support, formulas))
    for number, block in enumerate(steps, 1):
        titles = ", ".join(f"{g} by {derivation.proofs[g].method}" for g in block.goals)
        writer.block(block, f"Block {number}: {titles}", first=number == 1)
    writer.registers()
    header = "\n".join(_header(derivation, program, wanted, steps, writer)) + "\n"
    names = [derivation.claims[g].name for g in wanted]
    others = [derivation.claims[g].name for g in derivation.proofs if g in support and g not in wanted]
    text = f"{header}\n(set-logic ALL)\n" + "\n".join(writer.lines) + "\n"
    return Certificate(derivation.node, tuple(names), tuple(others), text, writer.checks)


def _header(
    derivation: Derivation, program: str, wanted: Sequence[str], steps: Sequence[Block], writer: _Writer
) -> Iterator[str]:
    yield "; Certificate of syncml verify"
    yield f"; program    {_one_line(program)}"
    yield f"; node       {_one_line(derivation.node)}"
    yield f"; numbers    {derivation.numbers}"
    for goal in wanted:
        yield f"; proves     {_goal(derivation, goal)}"
    for block in steps:
        for goal in block.goals:
            if goal not in wanted:
                yield f"; on the way {_goal(derivation, goal)}"
    for assumption in writer.system.assumptions:
        yield f"; assuming   {assumption}: {_one_line(derivation.assumed.get(assumption, assumption))}"
    yield from _networks(derivation, writer.system.assumptions)
    yield ";"
    yield f"; A solver must give {writer.checks} answers, each announced by the line before it, and no error. Then the"
    yield "; properties hold at every instant of every run that meets the assumptions: each block is an induction, and"
    yield "; uses only blocks before it. Ask with  z3 FILE,  cvc5 --incremental FILE  or  syncml certify FOLDER."
    yield "; $x is the stream x, and x@0, x@1, .. are consecutive instants; clock!, letter!, count! and phase! tell"
    yield "; when streams are present; what unknown! stands for is arbitrary at each instant."


def _networks(derivation: Derivation, assumptions: Sequence[str]) -> Iterator[str]:
    """What is assumed of networks, for who checks it."""
    tables = [t for t in derivation.tables if t.names]
    if not tables:
        return
    from syncml.verify.lemmas import network_line

    ids = {derivation.assumed.get(a, a): a for a in assumptions}
    yield ";"
    yield "; Networks are no part of the system: their outputs are arbitrary but for the assumptions on the"
    yield "; lines below, which the solver does not check. They are facts about the networks on these lines, as"
    yield "; computed in floats of that type; `syncml certify FOLDER` shows them again by intervals and halving."
    yield "; What nothing checks is that these are the networks of the program, with the same inputs and outputs."
    for table in tables:
        yield network_line(table.target, table.network, [ids[n] for n in table.names if n in ids])


def _goal(derivation: Derivation, goal: str) -> str:
    claim = derivation.claims[goal]
    requirement = f", requirement {claim.requirement}" if claim.requirement else ""
    k = derivation.proofs[goal].k
    return _one_line(f"{goal}: {claim.kind} {claim.name!r}, line {claim.span.line}{requirement}, k = {k}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _targets(block: Block) -> list[str]:
    """What a block proves, in the order in which it may be used."""
    return [*(f"invariant!{i}" for i in range(len(block.auxiliary))), *block.goals]


@dataclass(slots=True)
class _Writer:
    """The text of a certificate, line by line."""

    system: System
    lines: list[str] = field(default_factory=list[str])
    checks: int = 0
    _text: Reads | None = None
    _names: dict[int, Mapping[str, str]] = field(default_factory=dict[int, Mapping[str, str]])

    def block(self, block: Block, title: str, *, first: bool) -> None:
        """The induction of a block."""
        self.lines += ["", f"; {_one_line(title)}", f"; the first {block.k} instants", "(push 1)"]
        for j in range(block.k):
            self._states(j, initial=True)
            self._instant(j, block.auxiliary)
            self._hold(j, block.lemmas)
            self._rounded(block, j)
            if first and j == 0 and not self.system.nonlinear:
                self._ask("sat", "some run meets the assumptions at its first instant")
            for target in _targets(block):
                self._refute([], self._symbol(target, j))
                self._assert([self._symbol(target, j)])
        self.lines += ["(pop 1)", f"; {block.k + 1} instants of any run", "(push 1)"]
        for j in range(block.k + 1):
            self._states(j, initial=False)
            self._instant(j, block.auxiliary)
            self._rounded(block, j)
        if block.distinct:
            self._distinct(block.k)
        self._step(block)
        self.lines.append("(pop 1)")

    def _rounded(self, block: Block, j: int) -> None:
        """The laws of rounding that concern instant ``j`` and those before it, wherever a proof used them."""
        for law in block.roundings:
            last = max(instants(law), default=0)
            if last <= j:
                names = {f"{name}@{k}": f"{name}@{k + j - last}" for name in self._all() for k in range(last + 1)}
                self.lines.append(f"(assert {renamed(' '.join(law.split()), names)})")

    def _all(self) -> frozenset[str]:
        return self._reads().known

    def _step(self, block: Block) -> None:
        """Each target at the last instant; where proofs use little of what is known, each has its own hypotheses."""
        targets = _targets(block)
        parts = {t: self._hypotheses(block, targets[: i + 1]) for i, t in enumerate(targets)}
        shared = sum(map(len, parts.values())) > LONGEST_STEP
        if shared:
            everything = [*targets, *block.lemmas]
            for j in range(block.k):
                self._hold(j, everything)
            self._hold(block.k, block.lemmas)
        for target in targets:
            self._refute([] if shared else parts[target], self._symbol(target, block.k))
            if shared:
                self._assert([self._symbol(target, block.k)])

    def _hypotheses(self, block: Block, order: Sequence[str]) -> list[str]:
        """What the proof of the last of ``order`` uses; those before it hold at the last instant, too."""
        *earlier, target = order
        uses = block.uses.get(target, frozenset())
        own = [f"invariant!{i}" for i in range(len(block.auxiliary))]
        before = [t for t in _targets(block) if t in uses or t in own or t == target]
        lemmas = [x for x in block.lemmas if x in uses]
        now = [t for t in earlier if t in uses or t in own]
        if target in own:
            before, now, lemmas = own, [t for t in earlier if t in own], list(block.lemmas)
        reads = self._needed([*before, *lemmas, *(x for f in block.auxiliary for x in symbols(f))])
        terms: list[str] = []
        for j in range(block.k + 1):
            terms += [self._at(f, j) for f, read in self._reads().facts if read & reads]
            terms += [self._symbol(n, j) for n in (*self.system.assumptions, *lemmas)]
            terms += [self._symbol(n, j) for n in (before if j < block.k else now)]
        return terms

    def _needed(self, names: Iterable[str]) -> set[str]:
        known = {*self._reads().reads, *(i.name for i in self.system.inputs)}
        return self._reads().needed([*self.system.assumptions, *(n for n in names if n in known)])

    def _reads(self) -> Reads:
        if self._text is None:
            self._text = Reads.of(self.system)
        return self._text

    def registers(self) -> None:
        """That facts about registers alone hold at first and are kept, once the goals hold."""
        states = {s.name for s in self.system.states}
        defined = {s.name for s in self.system.states if s.initial is not None}
        others = {i.name for i in self.system.inputs} | {d.name for d in self.system.definitions}
        own = [f for f in self.system.facts if symbols(f) & states and not symbols(f) & others]
        if not own:
            return
        self.lines += ["", "; Registers: what the encoding says of them holds at first, and is kept", "(push 1)"]
        self._states(0, initial=True)
        for fact in own:
            # The first value of a register without one is any of its type.
            if symbols(fact) & states <= defined:
                self._refute([], self._at(fact, 0))
        self.lines += ["(pop 1)", "(push 1)"]
        self._states(0, initial=False)
        self._instant(0, ())
        self._hold(0, self.system.goals)
        self._states(1, initial=False)
        for fact in own:
            self._refute([], self._at(fact, 1))
        self.lines.append("(pop 1)")

    # One instant.

    def _states(self, j: int, *, initial: bool) -> None:
        for s in self.system.states:
            first = s.initial if initial and j == 0 else None
            if j > 0:
                self._define(s.name, s.sort, self._at(s.following, j - 1), j)
            elif first is not None:
                self._define(s.name, s.sort, first, j)
            else:
                self._declare(s.name, s.sort, j)

    def _instant(self, j: int, formulas: Sequence[str]) -> None:
        for i in self.system.inputs:
            self._declare(i.name, i.sort, j)
        for d in self.system.definitions:
            self._define(d.name, d.sort, self._at(d.term, j), j)
        for number, formula in enumerate(formulas):
            self._define(f"invariant!{number}", "Bool", self._at(formula, j), j)

    def _hold(self, j: int, names: Iterable[str]) -> None:
        """Assert the facts, the assumptions and ``names`` at an instant."""
        self._assert(self._at(f, j) for f in self.system.facts)
        self._assert(self._symbol(n, j) for n in (*self.system.assumptions, *names))

    def _distinct(self, k: int) -> None:
        for later in range(k + 1):
            for earlier in range(later):
                pairs = [
                    f"(= {self._symbol(s.name, earlier)} {self._symbol(s.name, later)})" for s in self.system.states
                ]
                self.lines.append(f"(assert (not (and true {' '.join(pairs)})))")

    # Commands.

    def _symbol(self, name: str, j: int) -> str:
        return f"|{name}@{j}|"

    def _at(self, text: str, j: int) -> str:
        if j not in self._names:
            items = (*self.system.inputs, *self.system.states, *self.system.definitions)
            self._names[j] = {x.name: f"{x.name}@{j}" for x in items}
        return renamed(" ".join(text.split()), self._names[j])

    def _declare(self, name: str, sort: str, j: int) -> None:
        self.lines.append(f"(declare-const {self._symbol(name, j)} {sort_text(sort)})")

    def _define(self, name: str, sort: str, term: str, j: int) -> None:
        self.lines.append(f"(define-fun {self._symbol(name, j)} () {sort_text(sort)} {term})")

    def _assert(self, terms: Iterable[str]) -> None:
        self.lines += [f"(assert {t})" for t in terms]

    def _refute(self, terms: Iterable[str], term: str) -> None:
        """Ask whether ``terms`` allow that ``term`` is false."""
        self.lines.append("(push 1)")
        self._assert(terms)
        self.lines.append(f"(assert (not {term}))")
        self._ask("unsat", "")
        self.lines.append("(pop 1)")

    def _ask(self, answer: str, why: str) -> None:
        if why:
            self.lines.append(f"; {why}")
        self.lines += [f"(set-info :status {answer})", CHECK]
        self.checks += 1
