"""Verification of a program, node by node.

Rule: the main node is verified with every call inlined and each abstract node replaced by its contract; each abstract
node is verified by itself against that contract, and what was proved with the help of a contract counts only if the
contract is proved too. Other nodes are verified by themselves where that helps (`modular`). What networks ask for is in
`stages`, what machine numbers do in `unit`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from syncml.diagnostics.model import Diagnostic, DiagnosticError, error
from syncml.ir.equations.syntax import Node, Program, PropertyKind
from syncml.ir.types import FLOATS, element
from syncml.verify.abstraction import abstract_nodes, callees, unknown_nodes
from syncml.verify.derivation import Derivation
from syncml.verify.pool import Pool
from syncml.verify.replay import Replay
from syncml.verify.stages import Stages
from syncml.verify.unit import ENGINES
from syncml.verify.verdicts import (
    Proved,
    Result,
    Semantics,
    Tube,
    Unknown,
    Unreachable,
    VerificationReport,
    VerifyOptions,
    Violated,
)

if TYPE_CHECKING:
    from syncml.verify.modular import Alone, Contracts

NAMES_SHOWN = 12
"""Of the properties that there are, so many are listed where one is unknown."""


def verify(program: Program, options: VerifyOptions, replay: Replay) -> VerificationReport:
    """Decide every contract clause and run-time check of a clocked program.

    Args:
        program: Clocked equations that passed the checks.
        options: Limits, engines, semantics.
        replay: The interpreter, which judges every counterexample.

    Raises:
        DiagnosticError: V003 an unknown property, U001 an unknown engine or abstract node.
    """
    started = time.monotonic()
    _check_options(program, options)
    chosen = frozenset(options.abstract)
    # Of a node without a body and promises, such as any value at all, there is nothing to verify.
    promising = (n for n in abstract_nodes(program, chosen) if n.equations or n.properties)
    units = [*promising, program.node(program.main)]
    decided: list[tuple[Node | None, list[Result]]] = []
    promises: dict[str, list[Result]] = {}
    warnings: list[Diagnostic] = []
    derivations: list[Derivation] = []
    tubes: list[Tube] = []
    with Pool(options.jobs, options.memory) as pool:
        semantics = Semantics.REALS if options.semantics is Semantics.STRONGEST else options.semantics
        stated = replace(options, semantics=semantics)

        def alone(node: Node, until: float) -> Alone:
            from syncml.verify.modular import Alone

            asked = replace(stated, properties=(), first=False, explain=False)
            stages = Stages(program, node, asked, replay, pool, until, contracts)
            found = _supported(stages.decide(), _broken(program, node, promises))
            return Alone.of(node, found, stages.promises, stages.whole.checked, stages.derivations)

        contracts = _contracts(program, stated, alone)
        for i, node in enumerate(units):
            # Each unit gets an equal share of the time that is left.
            left = started + options.timeout - time.monotonic()
            deadline = time.monotonic() + left / (len(units) - i)
            stages = Stages(program, node, stated, replay, pool, deadline, contracts)
            found = _supported(stages.decide(), _broken(program, node, promises))
            promised = stages.promises
            promises[node.name] = [r for r in found if r.kind == PropertyKind.ENSURE.value or r.name in promised]
            if contracts and node.name == program.main:
                # Nodes that were verified for the sake of the main node come before it.
                decided.append((None, list(contracts.results())))
            decided.append((node, found))
            warnings += stages.warnings
            derivations += stages.derivations
            tubes += stages.tubes
        derivations += contracts.derivations() if contracts else ()
        results = [r for _, found in decided for r in found]
        enough = options.first and any(isinstance(r.verdict, Violated) for r in results)
        known = {r.name for r in results}
        if options.properties:
            # What an abstract node promises is of use wherever it is called.
            decided = [(n, found if n is not units[-1] else _asked(found, options)) for n, found in decided]
        if options.semantics is Semantics.STRONGEST and not enough and _has_floats(program):
            # Loaded where it is needed: most programs from Lustre have no floats.
            from syncml.verify.strongest import raised

            results, derivations = raised(program, decided, options, replay, pool, started, derivations)
    if missing := [name for name in options.properties if name not in known]:
        raise DiagnosticError(*(_unknown_property(name, known) for name in missing))
    if options.properties:
        results = _asked(results, options)
    main = program.node(program.main)
    seconds = time.monotonic() - started
    return VerificationReport(
        main.span.file,
        tuple(results),
        tuple(warnings),
        seconds,
        tuple(derivations),
        tubes=tuple(tubes),
        interrupted=pool.stopped,
    )


def _asked(results: Sequence[Result], options: VerifyOptions) -> list[Result]:
    return [r for r in results if r.name in options.properties]


def _has_floats(program: Program) -> bool:
    return any(element(v.type) in FLOATS for node in program.nodes for v in node.clocks)


def _contracts(program: Program, options: VerifyOptions, alone: Callable[[Node, float], Alone]) -> Contracts | None:
    """The nodes that may be verified by themselves; None of a program with one node."""
    if len(program.nodes) == 1:
        return None
    # Loaded where it is needed.
    from syncml.verify.modular import Contracts

    return Contracts(program, frozenset(options.abstract), options.semantics is Semantics.MACHINE, alone)


def _check_options(program: Program, options: VerifyOptions) -> None:
    faults = [
        error("U001", f"there is no engine {name!r}", help=f"the engines are {', '.join(ENGINES)}")
        for name in options.engines
        if name not in ENGINES
    ]
    faults += unknown_nodes(program, options.abstract)
    if faults:
        raise DiagnosticError(*faults)


def _unknown_property(name: str, known: Collection[str]) -> Diagnostic:
    # Loaded where it is needed.
    from difflib import get_close_matches

    few = len(known) <= NAMES_SHOWN
    names = sorted(known) if few else get_close_matches(name, known, n=NAMES_SHOWN, cutoff=0.0)
    listed = "the properties are" if few else "the most similar ones are"
    return error("V003", f"there is no property {name!r}", help=f"{listed} {', '.join(names)}")


def _broken(program: Program, node: Node, promises: Mapping[str, Sequence[Result]]) -> list[Result]:
    """The promises of abstract nodes that ``node`` calls, itself or through others, that are not proved."""
    called = callees(program, node.name)
    return [r for name in promises if name in called for r in promises[name] if not isinstance(r.verdict, Proved)]


def _supported(results: Sequence[Result], broken: Sequence[Result]) -> list[Result]:
    """Proofs of a node count only if every promise of the abstract nodes that it calls is proved."""
    if not broken:
        return list(results)
    names = ", ".join(f"{r.node}: {r.name}" for r in broken)
    reason = f"proved only if the contract of an abstract node holds, which is not proved: {names}"
    unsupported = Unknown(reason, 0, "prove or weaken that contract")
    return [replace(r, verdict=unsupported) if isinstance(r.verdict, Proved | Unreachable) else r for r in results]
