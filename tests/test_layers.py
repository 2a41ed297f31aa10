"""The layer rule of the design, and that the linter enforces it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "syncml"

ALL = {
    "clock_calculus", "cli", "export_c", "graph", "ir", "lang", "learn", "lustre", "networks", "nodes", "pipeline",
    "sim", "verify",
}  # fmt: skip

# What each layer may import, besides itself, diagnostics and the names that `syncml` exports.
ALLOWED: dict[str, set[str]] = {
    "diagnostics": set(),
    "ir": set(),
    "lang": {"ir"},
    "clock_calculus": {"ir"},
    "verify": {"ir", "clock_calculus", "sim"},
    "sim": {"ir", "clock_calculus"},
    "export_c": {"ir", "clock_calculus", "sim"},
    "learn": {"ir", "clock_calculus"},
    "graph": {"ir"},
    "networks": {"lang", "nodes"},
    "nodes": {"lang"},
    "lustre": {"ir"},
    "cli": ALL,
}

# Layers whose insides are free to use for whoever may import them at all.
OPEN = {"ir", "lang", "nodes", "pipeline", "cli"}

FORBIDDEN = sorted(
    (layer, target)
    for layer, allowed in ALLOWED.items()
    for target in ALL - allowed - {layer}
)  # fmt: skip


def lint(source: str, path: Path) -> str:
    """Return what ruff says about the import rules in `source`, as if it stood at `path`."""
    command = [
        sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID",
        "--output-format", "concise", "--stdin-filename", str(path), "-",
    ]  # fmt: skip
    run = subprocess.run(command, input=source, capture_output=True, text=True, cwd=ROOT)
    assert run.returncode in (0, 1), run.stderr
    return run.stdout


def layer_folders() -> list[str]:
    return sorted(path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__")


def test_every_folder_is_a_layer_with_a_rule() -> None:
    assert set(layer_folders()) <= set(ALLOWED)
    for folder in layer_folders():
        rules = tomllib.loads((PACKAGE / folder / "ruff.toml").read_text())
        assert rules["extend"] == "../../pyproject.toml"


@pytest.mark.parametrize(("layer", "target"), FORBIDDEN)
def test_a_seeded_violation_is_flagged(layer: str, target: str) -> None:
    source = f"from syncml.{target}.inside import thing\n\nthing()\n"
    assert "TID251" in lint(source, PACKAGE / layer / "seeded.py")


@pytest.mark.parametrize("layer", sorted(ALLOWED))
def test_what_is_allowed_is_not_flagged(layer: str) -> None:
    imports = [f"from syncml.{target} import thing_{target}" for target in ALLOWED[layer]]
    imports.append("from syncml.diagnostics import Span")
    assert "TID251" not in lint("\n".join(imports), PACKAGE / layer / "seeded.py")


@pytest.mark.parametrize("module", ["pipeline", "__init__"])
def test_nothing_at_the_top_imports_the_command_line(module: str) -> None:
    source = "from syncml.cli import main\n\nmain()\n"
    assert "TID251" in lint(source, PACKAGE / f"{module}.py")


@pytest.mark.parametrize("package", ["networkx", "numba", "z3"])
def test_a_slow_import_at_the_top_of_a_module_is_flagged(package: str) -> None:
    assert "TID253" in lint(f"import {package}\n", PACKAGE / "seeded.py")


def imported_modules(path: Path) -> list[str]:
    """Return the dotted names of all modules that the file at `path` imports from."""
    found: list[str] = []
    for statement in ast.walk(ast.parse(path.read_text(), str(path))):
        match statement:
            case ast.Import(names=names):
                found.extend(name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                found.append(module)
                found.extend(f"{module}.{name.name}" for name in names)
            case _:
                pass
    return found


def insides_used(layer: str, modules: list[str], package: Path = PACKAGE) -> list[str]:
    """Return the modules inside another closed layer, which ruff has no pattern to forbid."""
    found: list[str] = []
    for module in modules:
        parts = module.split(".")
        if len(parts) < 3 or parts[0] != "syncml" or parts[1] in OPEN | {layer, "diagnostics"}:
            continue
        inside = package.joinpath(*parts[1:])
        if inside.is_dir() or inside.with_suffix(".py").is_file():
            found.append(module)
    return found


@pytest.mark.parametrize("layer", sorted(set(ALLOWED) - {"cli"}))
def test_a_layer_uses_only_the_public_names_of_its_peers(layer: str) -> None:
    faults = {
        str(path.relative_to(ROOT)): used
        for path in sorted((PACKAGE / layer).rglob("*.py"))
        if (used := insides_used(layer, imported_modules(path)))
    }
    assert faults == {}


def test_the_use_of_an_inside_is_found(tmp_path: Path) -> None:
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "machine.py").touch()
    modules = ["syncml.sim", "syncml.sim.run", "syncml.sim.machine", "numpy.linalg.norm"]
    assert insides_used("verify", modules, tmp_path) == ["syncml.sim.machine"]
    assert insides_used("sim", modules, tmp_path) == []
