"""The clocks that only buffers tell of: words, found as the solution of a system.

Rule: the clocks of a node that are still unknown, where one of them is written to or read from a buffer, form a system
(see `systems`): each buffer is ``c on p <: d on q``, each comparison that waits is an equation. Its base is the one
known clock that it is connected to, or the base of the node. A system that is connected to several known clocks waits
for data, and is left to the default.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncml.clock_calculus.faults import Comparison, Role, named
from syncml.clock_calculus.least import solve_system
from syncml.clock_calculus.solver import Solver
from syncml.clock_calculus.systems import BASE_CLOCK, Constraint, NoSolutionError, Side
from syncml.clock_calculus.words import adaptable
from syncml.dataclass import dataclass
from syncml.diagnostics import Collector, Diagnostic, Label, error
from syncml.ir.clocks import Word
from syncml.ir.equations.syntax import Buffer, Equation, Node


@dataclass(frozen=True, slots=True)
class Use:
    """A buffer of a node, and the terms of the clocks at which it is written and read."""

    equation: Equation
    rhs: Buffer
    writer: int
    reader: int


@dataclass(frozen=True, slots=True)
class _Link:
    """A constraint between two terms, each a word of another one."""

    left: tuple[int, Word]
    right: tuple[int, Word]
    use: Use | None


def place_unknown_words(solver: Solver[Comparison], uses: Sequence[Use], node: Node, collector: Collector) -> None:
    """Give the unknown clocks around buffers the words that make all buffers fit, with the least sizes in total."""
    if not uses:
        return
    links = [_Link(solver.side(use.writer), solver.side(use.reader), use) for use in uses]
    links += [_Link(solver.side(left), solver.side(right), None) for left, right in solver.waiting()]
    for group in _connected(solver, links):
        roots = {side[0] for link in group for side in (link.left, link.right)}
        unknown = sorted(root for root in roots if not solver.is_known(root))
        known = sorted(roots.difference(unknown))
        if not unknown or len(known) > 1 or not any(link.use for link in group):
            continue
        _solve(solver, group, unknown, known[0] if known else solver.base, node, collector)


def _connected(solver: Solver[Comparison], links: Iterable[_Link]) -> list[list[_Link]]:
    """The links in groups that share unknowns; a link between known clocks is in none."""
    groups: dict[int, list[_Link]] = {}
    for link in links:
        own = [root for root, _ in (link.left, link.right) if not solver.is_known(root)]
        if not own:
            continue
        group: list[_Link] = groups.get(own[0], [])
        other = groups.get(own[-1], [])
        if group is not other:
            group += other
        group.append(link)
        # Only the roots of the smaller part change hands often; programs have few buffers.
        for root in {root for each in [*other, link] for root, _ in (each.left, each.right)} | set(own):
            if not solver.is_known(root):
                groups[root] = group
    return list({id(group): group for group in groups.values()}.values())


def _solve(
    solver: Solver[Comparison],
    group: Sequence[_Link],
    unknown: Sequence[int],
    base: int,
    node: Node,
    collector: Collector,
) -> None:
    def side(given: tuple[int, Word]) -> Side:
        root, selected = given
        return Side(str(root) if root in unknown else BASE_CLOCK, selected)

    constraints = [
        Constraint(side(link.left), side(link.right), len(link.use.rhs.init) if link.use else 0, link.use is None)
        for link in group
    ]
    try:
        solution = solve_system(constraints)
    except NoSolutionError as none:
        if any(link.use and _never_fits(link, link.use) for link in group):
            return  # With any clock in place of the unknown one the fault is the same, and it is reported for base.
        uses = [link.use for c, link in zip(constraints, group, strict=True) if c in none.constraints]
        collector.add(_no_words([use for use in uses if use] or [link.use for link in group if link.use], none, node))
        for root in unknown:
            solver.unify(root, solver.faulty, Comparison(Role.RESULT, node.span))
        return
    for root in unknown:
        solver.unify(root, solver.select(base, solution.words[str(root)]), Comparison(Role.RESULT, node.span))


def _never_fits(link: _Link, use: Use) -> bool:
    """Whether a buffer between two words of one clock fits on no clock."""
    return link.left[0] == link.right[0] and not adaptable(link.left[1], link.right[1], len(use.rhs.init))


def _no_words(uses: Sequence[Use], none: NoSolutionError, node: Node) -> Diagnostic:
    """C009: the buffers of a system contradict each other."""
    first, *others = uses
    name = named(first.equation.target if first.equation.target.user else None, "this buffer")
    together = " and ".join(
        dict.fromkeys(named(u.equation.target if u.equation.target.user else None, "another one") for u in others)
    )
    subject = f"{name}, together with {together}," if others else name
    cause = (
        "is written and read at rates that no clocks bring together"
        if none.rates
        else "is read before it is written, whatever clocks are chosen"
    )
    repair = (
        "drop values with `when`, or repeat them with `hold`, on one way between the two ends"
        if none.rates
        else "put first values into it, `buffer(..., init=[...])`, or fix a clock with `at=`"
    )
    return error(
        "C009",
        f"{subject} {cause}",
        first.equation.span,
        f"no periodic words of `{node.label}` satisfy this",
        secondary=[Label(use.equation.span, "and this") for use in others if use.equation.span != first.equation.span],
        help=repair,
    )
