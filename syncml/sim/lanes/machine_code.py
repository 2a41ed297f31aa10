"""Modules of LLVM as functions of this process, and their machine code on disk.

Rule: machine code lives in a file named by a hash of the module's text and of everything else that it depends on (LLVM,
the processor, the way it is optimised); the file starts with a checksum of the rest. One that is missing or does not
match is built again without a word; files appear by renaming. Where none can be written the code serves this process
alone. Nothing reorders, contracts or approximates floating-point operations: LLVM does so only where flags allow it,
and the text has none.
"""

# llvmlite carries no types; its values are `Any` from here on.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from syncml.files import cache_folder

Run: TypeAlias = Callable[[int, int, int, int, bool, int, int, int, int, int], None]
"""See `syncml.sim.lanes.printer.PARAMETERS`; addresses are numbers. Python's lock is released during a call."""

_LEVEL = 2
_loaded: dict[str, int] = {}
_engines: list[Any] = []
"""What owns the code of `_loaded`."""


def is_kept(text: str) -> bool:
    """Whether no compilation is needed: the code of a module is loaded or on disk."""
    key = _key(text)
    return key in _loaded or _file(key).exists()


def load(text: str) -> Run:
    """The function ``run`` of a module, from the disk where it is there."""
    kinds = (*(ctypes.c_int64,) * 4, ctypes.c_bool, *(ctypes.c_void_p,) * 5)
    return ctypes.CFUNCTYPE(None, *kinds)(address(text, "run"))


def address(text: str, function: str) -> int:
    """Where the one function of a module starts; its code comes from the disk where it is there."""
    key = _key(text)
    if key not in _loaded:
        code = read_kept(_file(key))
        if code is None:
            code = _object(text, _machine())
            write_kept(_file(key), code)
        _loaded[key] = _linked(code, function)
    return _loaded[key]


def assembly(text: str) -> str:
    """The instructions of the processor for a module, for people."""
    machine = _machine()
    module = _optimised(text, machine)
    return str(machine.emit_assembly(module))


def _key(text: str) -> str:
    import llvmlite
    import llvmlite.binding as llvm

    parts = (
        text,
        Path(__file__).read_text(encoding="utf-8"),
        llvmlite.__version__,
        str(llvm.get_process_triple()),
        str(llvm.get_host_cpu_name()),
        _features(),
    )
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _features() -> str:
    import llvmlite.binding as llvm

    try:
        return str(llvm.get_host_cpu_features().flatten())
    except RuntimeError:  # A processor that LLVM does not know.
        return ""


def _machine() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(), opt=_LEVEL, codemodel="jitdefault", jit=True
    )


def _optimised(text: str, machine: Any) -> Any:
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    module.triple = llvm.get_process_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=_LEVEL)
    # The text is in vectors already.
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def _object(text: str, machine: Any) -> bytes:
    return bytes(machine.emit_object(_optimised(text, machine)))


def _linked(code: bytes, function: str) -> int:
    import llvmlite.binding as llvm

    engine: Any = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return int(engine.get_function_address(function))


def _file(key: str) -> Path:
    return cache_folder() / "lanes" / f"{key}.o"


def read_kept(path: Path) -> bytes | None:
    """What a file keeps, or None if there is none or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    checksum, code = content[:32], content[32:]
    return code if sha256(code).digest() == checksum else None


def write_kept(path: Path, code: bytes) -> None:
    """Keep bytes in a file, if it can be written."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(sha256(code).digest() + code)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
