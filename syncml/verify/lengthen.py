"""Certificates of proofs that exclude repeated states.

Rule: an engine may have excluded repetitions in a smaller system, in which fewer states differ. In the system itself
the induction then has to look back further until a repetition shows. So such a proof is checked by a solver of its own
before its certificate is written, with more and more instants; one that is not accepted with any of them has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from syncml.verify.certificate import certificates
from syncml.verify.derivation import Derivation, blocks
from syncml.verify.recheck import Outcome, recheck

FURTHER = (0, 1, 2, 3, 5, 8, 12)
"""How many more instants are tried."""

SECONDS = 10.0
"""The limit of each attempt."""


def certifiable(derivation: Derivation, wanted: Iterable[str]) -> tuple[Derivation, list[str]]:
    """The derivation with as many instants as certificates need, and those of ``wanted`` that can have one."""
    goals = [g for g in wanted if g in derivation.proofs]
    failed: set[str] = set()
    for block in blocks(derivation, derivation.proofs):
        if block.distinct:
            longer = next(filter(None, (_longer(derivation, block.goals, block.k + more) for more in FURTHER)), None)
            if longer is None:
                failed |= set(block.goals)
            else:
                derivation = longer
    return derivation, [g for g in goals if not derivation.supports(g) & failed]


def _longer(derivation: Derivation, goals: tuple[str, ...], k: int) -> Derivation | None:
    """The derivation with ``k`` instants in the proofs of ``goals``, unless a solver finds that too few."""
    proofs = {g: replace(p, k=k) if g in goals else p for g, p in derivation.proofs.items()}
    longer = replace(derivation, proofs=proofs)
    texts = [c.text for c in certificates(longer, "", goals)]
    return None if any(recheck(t, "z3", SECONDS).outcome is Outcome.REFUTED for t in texts) else longer
