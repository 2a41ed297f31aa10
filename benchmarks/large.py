"""Large programs: time and memory of a fresh process; run `python -m benchmarks.large check|verify [N ...]`.

Each shape is a Python file of N equations, written out line by line, as a tool would generate it. `verify` adds two
properties that hold, of a counter and of a truth value beside the equations, and wants them proved; of the shape with
a contract in every fifth equation it is not asked. The growth is the exponent e of the time N^e between the smallest
and the largest size, with the time of an empty program taken off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

HEAD = "from syncml import *\n"
SIZES = (1000, 5000, 20000)


def identity(_: int) -> Iterator[str]:
    """Nothing to do."""
    yield "@node\ndef main(u: Stream[f32]) -> Stream[f32]:"
    yield "    return u"


def chain(equations: int) -> Iterator[str]:
    """One long chain of sums, closed by a single delay."""
    yield "@node\ndef main(u: Stream[f32]) -> Stream[f32]:"
    yield "    last = state(init=0.0)"
    yield "    x = last + u"
    for i in range(equations - 2):
        yield f"    x{i} = {f'x{i - 1}' if i else 'x'} + {i % 7}.0"
    yield f"    last.next = x{equations - 3}"
    yield f"    return x{equations - 3}"


def fan_in(equations: int) -> Iterator[str]:
    """Many streams of one input, in groups of a hundred that are put together in one vector."""
    yield "@node\ndef main(u: Stream[f32]) -> Stream[f32]:"
    yield "    total = u"
    for group in range(equations // 102):
        names = [f"x{group}_{i}" for i in range(100)]
        for i, name in enumerate(names):
            yield f"    {name} = u * {i}.0"
        yield f"    v{group} = vec({', '.join(names)})"
        yield f"    total = total + v{group}[{group % 100}]"
    yield "    return total"


def calls(equations: int) -> Iterator[str]:
    """Nodes of eleven equations, called over a hundred times each, in feedback loops."""
    kinds = max(1, equations // 400)
    for kind in range(kinds):
        yield f"@node\ndef leaf{kind}(a: Stream[f32], b: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:"
        yield "    s = state(init=0.0)"
        yield "    x0 = a + 1.0"
        for i in range(7):
            yield f"    x{i + 1} = x{i} * 2.0 + a"
        yield "    s.next = b"
        yield "    return x7, s"
    yield "@node\ndef main(u: Stream[f32]) -> Stream[f32]:"
    yield "    y = u"
    for call in range((equations - 11 * kinds) // 3):
        yield f"    w{call} = wire(f32)"
        yield f"    p{call}, d{call} = leaf{call % kinds}(y, w{call})"
        yield f"    w{call}.define(p{call})"
        yield f"    y = d{call} + u"
    yield "    return y"


def clocks(equations: int) -> Iterator[str]:
    """Streams sampled at many rates and held again, and modes of Booleans inside of modes."""
    yield "@node(rate=Hz(1000))\ndef main(u: Stream[f32], c: Stream[bool]) -> Stream[f32]:"
    yield "    y = u"
    rates = (500, 250, 200, 125, 100, 50, 40, 25, 20, 10, 8, 5, 4, 2, 1)
    for i in range(equations // 11):
        yield f"    s{i} = sample(y, to=Hz({rates[i % len(rates)]}))"
        yield f"    h{i} = hold(s{i} * 2.0, init=0.0)"
        yield f"    b{i} = y > {i}.0"
        yield f"    m{i} = merge(b{i}, when(h{i}, b{i}), when(y, ~b{i}))"
        yield f"    y = m{i} + u"
    yield "    return y"


def delays(equations: int) -> Iterator[str]:
    """Many registers that depend on each other around: one cycle through every second equation, cut by delays."""
    count = equations // 3
    yield "@node\ndef main(u: Stream[f32]) -> Stream[f32]:"
    for i in range(count):
        yield f"    s{i} = state(init=0.0)"
    for i in range(count):
        yield f"    x{i} = s{i} + {f'x{i - 1}' if i else 'u'}"
        yield f"    s{i}.next = x{i} * s{(i * 7 + 3) % count}"
    yield f"    return x{count - 1}"


def conditions(equations: int) -> Iterator[str]:
    """A long chain of choices and contracts, whose parts depend on each other in both modes."""
    yield "@node\ndef main(u: Stream[f32], c: Stream[bool]) -> Stream[f32]:"
    yield "    a, b = u, -u"
    for i in range(equations // 5):
        yield f"    p{i} = where(c, a + 1.0, b)"
        yield f"    q{i} = where(c, p{i}, a - b)"
        yield f"    a, b = q{i}, p{i}"
        yield f"    ensure(q{i} < 1e30, 'bound {i}')"
    yield "    return a"


TRIVIAL = """\
    ticks = state(init=0)
    ticks.next = where(ticks < 100, ticks + 1, 0)
    even = state(init=True)
    even.next = ~even
    ensure((ticks >= 0) & (ticks <= 100), "the counter is in its range")
    ensure(even | (ticks >= 0), "either")
"""

SHAPES: tuple[Callable[[int], Iterator[str]], ...] = (chain, fan_in, calls, clocks, delays, conditions)


@dataclass(frozen=True)
class Cost:
    """What a process took: wall and processor time, and its largest memory."""

    wall: float
    processor: float
    mebibytes: float


def program(shape: Callable[[int], Iterator[str]], equations: int, contract: str = "") -> str:
    """The text of a program, with a contract before its results."""
    *body, results = shape(equations)
    return HEAD + "\n".join(body) + "\n" + contract + results + "\n"


def run(folder: Path, command: str, text: str) -> Cost:
    """Run a command on a program in a fresh process.

    Raises:
        RuntimeError: it fails: the program is not accepted, or a property is not proved.
    """
    path = folder / "program.py"
    path.write_text(text, "utf-8")
    start = time.perf_counter()
    options = ("--no-cache",) if command == "verify" else ()
    process = subprocess.Popen(
        [sys.executable, "-m", "syncml", command, str(path), *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        shown = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {shown}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main(arguments: Sequence[str]) -> None:
    """Print a table of every shape at every size."""
    command, *given = arguments or ("check",)
    if command not in ("check", "verify"):
        raise SystemExit("usage: python -m benchmarks.large check|verify [N ...]")
    sizes = tuple(map(int, given)) or SIZES
    contract = TRIVIAL if command == "verify" else ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = run(folder, command, program(identity, 1, contract))
        print(f"{'shape':<12}{'equations':>10}{'wall, s':>10}{'processor, s':>14}{'memory, MiB':>13}{'growth':>8}")
        for shape in SHAPES if command == "check" else (s for s in SHAPES if s is not conditions):
            times: list[float] = []
            for size in sizes:
                cost = run(folder, command, program(shape, size, contract))
                times.append(cost.processor - empty.processor)
                growth = f"{log(times[-1] / times[0]) / log(size / sizes[0]):8.2f}" if len(times) > 1 else ""
                figures = f"{cost.wall:10.2f}{cost.processor:14.2f}{cost.mebibytes:13.0f}{growth}"
                print(f"{shape.__name__:<12}{size:10}{figures}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
