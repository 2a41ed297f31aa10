"""Compiled modules on disk, so that a program starts fast the second time.

Rule: a module lives in a folder named by a hash of its source and of everything else that its machine code depends on
(Numba, LLVM, Python, the processor, the intrinsics). A folder is complete when its manifest lists every file with a
checksum; one that is not, or that does not match, is built again without a word. Folders appear by renaming, so
processes that build the same module at once do not see each other's halves. Where no folder can be written the module
is compiled for this process alone.
"""

# Numba carries no types; its values are `Any` from here on.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from syncml.files import cache_folder

Runner: TypeAlias = Callable[..., Any]

_SOURCE = "step.py"
_MANIFEST = "manifest.json"
_OPTIMISATION = 2
"""LLVM's level. At 3, Numba's default, loops of known length are unrolled before they can be vectorised, which made
networks twice as slow; the pass that mends it afterwards is off in Numba because it has miscompiled."""

_loaded: dict[str, Runner] = {}


def load_runner(source: str) -> Runner:
    """The compiled function ``run`` of the module with this ``source``, from the cache where it has it."""
    key = _key(source)
    if key not in _loaded:
        folder = cache_folder() / "numba" / key
        _loaded[key] = _from_cache(folder, source) or _build(folder, source)
    return _loaded[key]


def _key(source: str) -> str:
    import llvmlite
    import llvmlite.binding
    import numba

    parts = (
        source,
        *((Path(__file__).parent / f"numba_{name}.py").read_text(encoding="utf-8") for name in ("intrinsics", "team")),
        numba.__version__,
        llvmlite.__version__,
        str(_OPTIMISATION),
        platform.python_version(),
        platform.machine(),
        str(llvmlite.binding.get_host_cpu_name()),
        str(llvmlite.binding.get_host_cpu_features().flatten()),
    )
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _from_cache(folder: Path, source: str) -> Runner | None:
    """The function in a complete folder; None if it must be built."""
    try:
        listed = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if listed != _checksums(folder) or (folder / _SOURCE).read_text(encoding="utf-8") != source:
            return None
        return _import(folder / _SOURCE, folder.name)
    except Exception:  # Whatever is wrong with a cache, building again repairs it.
        return None


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != _MANIFEST)
    return {p.relative_to(folder).as_posix(): sha256(p.read_bytes()).hexdigest() for p in files}


def _build(folder: Path, source: str) -> Runner:
    """Compile in a folder of its own and, if that works, put it in place."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    except OSError:
        return _build_for_this_process(folder.name, source)
    try:
        (building / _SOURCE).write_text(source, encoding="utf-8")
        runner = _import(building / _SOURCE, folder.name)
        (building / _MANIFEST).write_text(json.dumps(_checksums(building)), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    except OSError:
        # A full disk, or another process that was faster.
        return _from_cache(folder, source) or _build_for_this_process(folder.name, source)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return runner


def _build_for_this_process(key: str, source: str) -> Runner:
    with tempfile.TemporaryDirectory(prefix="syncml-") as folder:
        path = Path(folder) / _SOURCE
        path.write_text(source, encoding="utf-8")
        return _import(path, key)


def _import(path: Path, key: str) -> Runner:
    """Run a generated module; its compiled code comes from, or goes to, the folder that it stands in.

    The compiled code knows its module by name, so the name depends on the key alone, not on the folder.
    """
    import numba.core.config

    config: Any = numba.core.config
    name = f"syncml_generated_{key}"
    module: Any = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    before = config.CACHE_DIR, config.OPT
    config.CACHE_DIR, config.OPT = "", type(config.OPT)(_OPTIMISATION)
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    finally:
        config.CACHE_DIR, config.OPT = before
    return module.run
