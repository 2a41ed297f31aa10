"""Nanoseconds per tick of exported C and of compiled simulation against C written by hand, in one run.

    python -m benchmarks.export_c.run [--rounds N] [--passes N] [--ticks N] [--compilers 'gcc -O2' ...]

All run the same recorded inputs from the initial state, and every output must be equal bit for bit. In each round
every configuration of the C compilers takes its turn, in which exported and hand-written code alternate pass by pass,
and so does the simulation; the fastest pass of a turn counts, because other work on the machine only adds time. The
report has the medians over all rounds, and the median of the ratios within the rounds.

The hand-written code calls the project's ``tanh`` and ``sigmoid``, as a person would call functions that he has.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.export_c.build import Unequal, compile_race, prepare, race
from benchmarks.export_c.contests import CONTESTS, Arrays, Contest
from syncml.ir.step.lowering import Observe
from syncml.pipeline import check_file
from syncml.sim.compiled import Simulation, compile_program

GOAL_C, GOAL_SIMULATION = 1.1, 1.5
COMPILERS = ("gcc -O2", "gcc -O3", "gcc -O3 -march=native", "clang -O2", "clang -O3", "clang -O3 -march=native")


def measure(contest: Contest, compilers: Sequence[str], rounds: int, passes: int, ticks: int) -> None:
    """Race one contest and print its table.

    Raises:
        Unequal: an output of one of the three differs from another's.
    """
    checked = check_file(contest.target)
    inputs = contest.inputs(ticks)
    simulation = compile_program(checked.program, Observe.OUTPUTS)
    times: dict[str, list[tuple[float, float, float]]] = {flags: [] for flags in compilers}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        exported = prepare(contest, checked, inputs, ticks, folder)
        for flags in compilers:
            compile_race(folder, flags)
        for _ in range(rounds):
            for flags in compilers:
                c, by_hand = race(folder, flags, passes)
                times[flags].append((c, by_hand, fastest(simulation, inputs, ticks, passes)))
        names = [leaf.name for leaf in exported.leaves.outputs]
        compare(simulation, names, inputs, ticks, (folder / "outputs.bin").read_bytes())
    print(
        f"{contest.name}: {ticks} ticks, medians of {rounds} rounds of {passes} passes; all outputs equal bit for bit"
    )
    print("                             ns per tick                 ratio to by hand")
    print("                             by hand  exported   Numba   exported   Numba")
    for flags, turns in times.items():
        c, by_hand, numba = (statistics.median(column) for column in zip(*turns, strict=True))
        ratio_c = statistics.median(turn[0] / turn[1] for turn in turns)
        ratio_numba = statistics.median(turn[2] / turn[1] for turn in turns)
        print(f"  {flags:<25}{by_hand:9.1f} {c:9.1f} {numba:7.1f} {ratio_c:10.2f} {ratio_numba:7.2f}")
    print(f"  {'goal':<25}{GOAL_C:>38} {GOAL_SIMULATION:7}")


def fastest(simulation: Simulation, inputs: Arrays, ticks: int, passes: int) -> float:
    """Nanoseconds per tick of the simulation's step function, from the initial state."""
    found = float("inf")
    for _ in range(passes):
        simulation.reset()
        found = min(found, simulation.seconds(inputs, ticks))
    return 1e9 * found / ticks


def compare(simulation: Simulation, outputs: Sequence[str], inputs: Arrays, ticks: int, by_hand: bytes) -> None:
    """Hold the outputs of the simulation against those that the race wrote.

    Raises:
        Unequal: an output differs.
    """
    simulation.reset()
    trace = simulation.run(inputs, ticks)
    start = 0
    for name in outputs:
        values = trace.column(name).values.tobytes()
        if by_hand[start : start + len(values)] != values:
            raise Unequal(f"output {name} of the simulation differs from the hand-written code's")
        start += len(values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each program; exit code 1 where an output differs, whatever the times."""
    parser = argparse.ArgumentParser(description="Exported C and compiled simulation against C written by hand.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--ticks", type=int, default=1200)
    parser.add_argument("--compilers", nargs="+", default=COMPILERS)
    chosen = parser.parse_args(arguments)
    compilers = [flags for flags in chosen.compilers if shutil.which(flags.split()[0])]
    try:
        for contest in CONTESTS:
            measure(contest, compilers, chosen.rounds, chosen.passes, chosen.ticks)
    except Unequal as difference:
        print(difference)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
