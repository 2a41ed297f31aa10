"""What a clock condition reads: the normal form of ``ck on C(x)``.

Rule: ``ck on C(x)`` is ``ck every w`` where x reads the word w, ``ck on C(y)`` where x copies y, ``ck on not C(y)``
where x negates y, and ``ck`` or never where x is constant. Inference, the checker and inlining bring every clock to
this form, so that two clocks that these rules make equal are equal as values.

A node's output that reads a word is known to its callers as such: the word is part of the node's interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.clocks import ALWAYS, BASE, Clock, On, Periodic, Word, complement, every, steps, word
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Call, Iterate, Node, Program, Rhs, Var, Wave
from syncml.ir.operators import Op
from syncml.ir.types import BOOL

NEVER = word((), (0,))
"""The word that is absent at every instant."""

Root: TypeAlias = Word | Const | Var
Selection: TypeAlias = Word | tuple[Var, bool | str]
"""The instants that a constructor of a condition selects: those of a word, or those where a stream has a value."""

Names: TypeAlias = Mapping[Var, tuple[Atom, bool]]
"""What stands for a callee's condition in its caller, and whether it is negated there."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The root of each stream of one node that only renames, negates or reads something else."""

    _roots: Mapping[Var, tuple[Root, bool]]

    def select(self, condition: Atom, constructor: bool | str) -> Selection:
        """The instants, of those of ``condition``, at which it equals ``constructor``."""
        root, negated = (condition, False) if isinstance(condition, Const) else self.root(condition)
        wanted = (not constructor) if negated else constructor
        match root:
            case Word():
                return root if wanted is True else complement(root)
            case Const():
                return ALWAYS if root.value == wanted else NEVER
            case Var():
                return root, wanted

    def on(self, parent: Clock, condition: Atom, constructor: bool | str) -> Clock:
        """``parent on constructor(condition)`` in normal form."""
        selection = self.select(condition, constructor)
        return every(parent, selection) if isinstance(selection, Word) else On(parent, *selection)

    def normal(self, clock: Clock) -> Clock:
        """``clock`` in normal form."""
        return self.instantiate(clock, BASE, {})

    def instantiate(self, clock: Clock, activation: Clock, names: Names) -> Clock:
        """A callee's ``clock``, seen by the node of these conditions, which activates the callee on ``activation``."""
        result = activation
        for selection in self.selections(clock, names):
            result = every(result, selection) if isinstance(selection, Word) else On(result, *selection)
        return result

    def selections(self, clock: Clock, names: Names) -> list[Selection]:
        """The steps from the base to ``clock``, with the conditions in ``names`` replaced."""
        found: list[Selection] = []
        for step in steps(clock):
            if isinstance(step, Periodic):
                found.append(step.word)
                continue
            atom, negated = names.get(step.condition, (step.condition, False))
            found.append(self.select(atom, (not step.constructor) if negated else step.constructor))
        return found

    def names(self, callee: Node, call: Call | Iterate, targets: tuple[Var, ...]) -> Names:
        """With these the conditions of ``callee``: what its caller calls each condition that the interface shows."""
        found: dict[Var, tuple[Atom, bool]] = {}
        for formal, atom in (*zip(callee.inputs, call.arguments, strict=True),
                             *zip(callee.outputs, targets, strict=True)):  # fmt: skip
            root, negated = self.root(formal)
            if isinstance(root, Var):
                found.setdefault(root, (atom, negated))
        return found

    def visible(self, node: Node) -> frozenset[Var]:
        """With these the node's conditions: those that its inputs and outputs show."""
        roots = (self.root(var)[0] for var in (*node.inputs, *node.outputs))
        return frozenset(root for root in roots if isinstance(root, Var))

    def words(self, streams: tuple[Var, ...]) -> tuple[Word | None, ...]:
        """For each stream the word that it reads, if it does."""
        found = (self.root(var) for var in streams)
        return tuple(
            None if not isinstance(root, Word) else complement(root) if negated else root for root, negated in found
        )

    def root(self, var: Var) -> tuple[Root, bool]:
        """What ``var`` renames or reads, itself where it is defined otherwise, and whether it negates it."""
        return self._roots.get(var, (var, False))


OutputWords: TypeAlias = Mapping[str, tuple[Word | None, ...]]
"""For each node the words that its outputs read."""


def conditions_of_node(node: Node, interfaces: OutputWords) -> Conditions:
    """The conditions of ``node``, whose callees have ``interfaces``."""
    links: dict[Var, tuple[Root, bool]] = {}
    for equation in node.equations:
        rhs = equation.rhs
        if isinstance(rhs, Call):
            # The words of an instance that may be reset start again.
            words = () if rhs.resets else interfaces[rhs.node]
            links |= {t: (w, False) for t, w in zip(equation.targets, words, strict=False) if w is not None}
        elif len(equation.targets) == 1 and (link := _link(rhs)) is not None:
            links[equation.target] = link
    roots: dict[Var, tuple[Root, bool]] = {}
    for start in links:
        path: list[Var] = []
        on_path: set[Var] = set()
        root: Root = start
        # A stream that renames itself is not causal; it is its own root until that is reported.
        while isinstance(root, Var) and root in links and root not in roots and root not in on_path:
            path.append(root)
            on_path.add(root)
            root = links[root][0]
        base, negated = (root, False)
        if isinstance(root, Var) and root in roots:
            base, negated = roots[root]
        for var in reversed(path):
            negated ^= links[var][1]
            roots[var] = (base, negated)
    return Conditions(roots)


def conditions_of(program: Program) -> Mapping[str, Conditions]:
    """The conditions of every node."""
    interfaces: dict[str, tuple[Word | None, ...]] = {}
    found: dict[str, Conditions] = {}
    for node in program.nodes:
        found[node.name] = conditions_of_node(node, interfaces)
        interfaces[node.name] = found[node.name].words(node.outputs)
    return found


def _link(rhs: Rhs) -> tuple[Root, bool] | None:
    """What a stream defined by ``rhs`` reads, and whether it negates it."""
    match rhs:
        case Wave(resets=()):
            return rhs.word, False
        case Apply(Op.COPY, (source,)):
            return source, False
        case Apply(Op.NOT, (Var() as source,)) if source.type is BOOL:
            return source, True
        case _:
            return None
