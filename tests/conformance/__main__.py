"""Run the suites of a folder."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.conformance import labels, lustre_v6, restated
from tests.conformance.engines import engines
from tests.conformance.outcome import Outcome, report


def main() -> int:
    """The number of programs that differ, as an exit code of 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("suites", type=Path, help="the folder with the suites")
    parser.add_argument("--only", help="the suites whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="name every program that is not the same")
    options = parser.parse_args()
    named = os.environ.get("LV6")
    interpreter = Path(named).resolve() if named else None
    root: Path = options.suites
    suites: dict[str, tuple[Path, Callable[[Path], Iterator[Outcome]]]] = {
        "Lustre V6 should_work": (
            root / "lustre-v6/test/should_work", lambda folder: lustre_v6.should_work(folder, interpreter)
        ),
        "Lustre V6 should_fail": (
            root / "lustre-v6/test/should_fail",
            lambda folder: lustre_v6.should_fail(folder, interpreter),
        ),
        "Lustre V6 should_work, engines": (root / "lustre-v6/test/should_work", engines),
        "Vélus": (root / "velus/tests", labels.velus),
        "Kind 2 regression": (root / "kind2/tests/regression", labels.kind2),
        "Kind 2 benchmarks": (root / "kind2-benchmarks", labels.benchmarks),
        "Kind 2 flat benchmarks": (root / "kind2-benchmarks/Deprecated", labels.flat),
        "Heptagon bad": (root / "heptagon/test/bad", restated.heptagon),
    }  # fmt: skip
    different = 0
    for title, (folder, outcomes) in suites.items():
        if options.only and options.only not in title:
            continue
        if not folder.is_dir():
            print(f"{title}: not run, there is no {folder}")
            continue
        different += report(title, outcomes(folder), verbose=options.verbose)
    return min(different, 1)


if __name__ == "__main__":
    sys.exit(main())
