"""Pages of the documentation as programs: every block is run, or compared with what was run.

    ```LANG file=NAME     is written to NAME
    ```LANG of=NAME       is a part of NAME; a line `...` stands for lines left out
    ```text of=demo       has the rows of the table of `syncml demo`, which runs too long to be run for it
    ```console figures=any  the same, with any numbers (what a solver chose)
    ```console            its lines `$ ...` are commands, the lines below them what they print
    ```python             is run, with the names of the blocks before it
    ```yaml               is read

A command has to exit with 0 unless `$ echo $?` follows. Figures of time and speed are masked in the comparison, and so
are the widths of columns; a line `...` stands for any lines, and `...` in
a line for anything. A block `sh` is for the reader alone: it has to hold
commands that the project offers, of files that it has.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<info>.+)\n(?P<text>(?:.*\n)*?)^```$", re.MULTILINE)
FIGURE = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")

MASKS = (
    (re.compile(r"\b\d+(?:\.\d+)?(?:e[+-]?\d+)? (?:ms|us|ns|s)\b"), "TIME"),
    (re.compile(r"\d[\d.e+]* ticks/s"), "SPEED"),
    (re.compile(r"\(\d+ bytes\)"), "(SIZE)"),
    (re.compile(r"/[\w./-]+/(?=\w+\.(?:py|yaml|csv|onnx))"), ""),
    (re.compile(r"-{2,}"), "--"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True)
class Block:
    """A fenced block and the line on which it begins."""

    language: str
    file: str
    of: str
    figures: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    source = page.read_text("utf-8")
    found: list[Block] = []
    for match in FENCE.finditer(source):
        language, *attributes = match["info"].split()
        named = dict(attribute.split("=", 1) for attribute in attributes)
        line = source.count("\n", 0, match.start()) + 1
        known = (named.pop(name, "") for name in ("file", "of", "figures"))
        found.append(Block(language, *known, match["text"], line))
        assert not named, f"{page}:{line}: unknown attributes {named}"
    return found


def prepare(folder: Path) -> None:
    """Put what the pages use into a folder: examples, which commands may write beside, and scenarios."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "scenarios").symlink_to(ROOT / "scenarios")


@dataclass
class Reader:
    """Someone who does what the pages say, in a folder of their own."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})

    def read(self, page: Path) -> int:
        """Do what a page says; the number of blocks that were checked."""
        checked = blocks(page)
        for block in checked:
            try:
                self._do(block)
            except Exception as fault:
                raise AssertionError(f"{page.relative_to(ROOT)}:{block.line}: {fault}") from fault
        return len(checked)

    def _do(self, block: Block) -> None:
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.of == "demo":
            check_demonstration(block.text)
        elif block.of:
            compare(block.text, (self.folder / block.of).read_text("utf-8"), part=True)
        elif block.language == "console":
            for command, expected, code in commands(block.text):
                self._run(command, expected, code, any_figures=block.figures == "any")
        elif block.language == "python":
            exec(compile(block.text, f"line {block.line}", "exec"), self.names)
        elif block.language == "yaml":
            yaml.safe_load(block.text)
        elif block.language == "sh":
            for line in block.text.splitlines():
                check_offer(line)
        else:
            raise ValueError(f"a block {block.language!r} that nothing checks")

    def _run(self, command: str, expected: str, code: int, *, any_figures: bool) -> None:
        words = shlex.split(command)
        programs = {"syncml": [sys.executable, "-m", "syncml"], "python": [sys.executable]}
        programs["pytest"] = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        line = [*programs.get(words[0], words[:1]), *words[1:]]
        done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120)
        shown = done.stdout + done.stderr
        assert done.returncode == code, f"{command} exits with {done.returncode}, not {code}\n{shown}"
        if any_figures:
            expected, shown = (FIGURE.sub("0", text) for text in (expected, shown))
        if expected:
            compare(expected, shown)


def commands(text: str) -> Iterator[tuple[str, str, int]]:
    """The commands of a console block with what they print and their exit codes."""
    parts = re.split(r"^\$ (.+)\n", text, flags=re.MULTILINE)
    assert not parts[0], f"text before the first command: {parts[0]!r}"
    pairs = list(zip(parts[1::2], parts[2::2], strict=True))
    for i, (command, expected) in enumerate(pairs):
        if command == "echo $?":
            continue
        asked = i + 1 < len(pairs) and pairs[i + 1][0] == "echo $?"
        yield command, expected, int(pairs[i + 1][1]) if asked else 0


def masked(text: str) -> list[str]:
    """The lines of a text without what differs from run to run."""
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def compare(expected: str, found: str, *, part: bool = False) -> None:
    """Hold a text against another; ``part``: it may begin and end anywhere in it."""
    lines = masked(expected)
    pattern = "".join("(?:.*\n)*?" if line == "..." else _pattern(line) + "\n" for line in lines)
    text = "".join(line + "\n" for line in masked(found))
    matched = re.search("^" + pattern, text, re.MULTILINE) if part else re.fullmatch(pattern, text)
    assert matched, f"shown:\n{expected}\nfound:\n{found}"


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("...")))


def check_offer(line: str) -> None:
    """A command that only a reader runs: `make TARGET`, `pip install` of the project, a program of its own."""
    words = shlex.split(line, comments=True)
    if words[0] in ("python", "syncml"):
        named = [word for word in words[1:] if word.endswith((".py", ".yaml"))]
        assert named and all((ROOT / name).is_file() for name in named), line
        return
    if words[0] == "make":
        targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert {word for word in words[1:] if "=" not in word} <= set(targets), line
    else:
        assert words[:2] == ["pip", "install"], line
        project = (ROOT / "pyproject.toml").read_text("utf-8")
        extras = re.findall(r"\[(.+?)\]", words[-1])
        assert all(f"\n{extra} = [" in project for each in extras for extra in each.split(",")), line


def check_demonstration(text: str) -> None:
    """A table of the demonstration: each row is one that the program prints, and all is as it should be."""
    source = (ROOT / "syncml" / "demo.py").read_text("utf-8")
    rows = [re.split(r" {2,}", line) for line in text.splitlines()[1:]]
    assert len(rows) >= 10
    for what, _, verdict in rows:
        name = what.removeprefix("interpreter = ").partition(" (")[0]
        assert f'"{name}' in source, what
        assert verdict == "ok", what
