"""Weights from ``.safetensors`` and ``.npz`` files, checked against the shapes that a layer wants."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import Diagnostic, DiagnosticError, Span, error
from syncml.files import write_whole

Weights = Mapping[str, NDArray[Any]]


def load_weights(
    path: str | Path, shapes: Mapping[str, tuple[int, ...]] | None = None
) -> dict[str, NDArray[np.float32]]:
    """The tensors of a weights file, as ``f32``.

    Args:
        path: A ``.safetensors`` or ``.npz`` file.
        shapes: The tensors that must be there and their shapes; without it, all tensors are taken as they are.

    Raises:
        DiagnosticError: D001 missing or unreadable, D003 a tensor is missing, has another shape, or is not finite,
            D004 the file is damaged or cut short.
    """
    path = Path(path)
    found = read_tensors(path)
    faults: list[Diagnostic] = []
    for name, shape in (shapes or {n: t.shape for n, t in found.items()}).items():
        if name not in found:
            has = ", ".join(sorted(found)) or "nothing"
            faults.append(_fault(path, f"{path.name} has no tensor {name!r}", f"it has: {has}"))
        elif found[name].shape != shape:
            message = f"{name!r} in {path.name} has shape {found[name].shape}, not {shape}"
            faults.append(
                _fault(path, message, "train the network with these sizes, or change the sizes in the program")
            )
        elif found[name].dtype.kind not in "fiu" or not np.isfinite(found[name]).all():
            message = f"{name!r} in {path.name} holds values that are no finite numbers"
            faults.append(_fault(path, message, "look for a training run that diverged"))
    if faults:
        raise DiagnosticError(*faults)
    return {name: found[name].astype(np.float32) for name in (shapes or found)}


def save_weights(path: str | Path, weights: Weights, about: Mapping[str, str] | None = None) -> None:
    """Write tensors as ``.safetensors``, whole or not at all; ``about`` are texts that go with them.

    Raises:
        DiagnosticError: D001 the file cannot be written.
    """
    from safetensors.numpy import save

    tensors = {name: np.asarray(t, order="C") for name, t in weights.items()}  # a number stays one
    write_whole(Path(path), save(tensors, dict(about) if about else None))


def _fault(path: Path, message: str, help_: str) -> Diagnostic:
    return error("D003", message, Span.point(str(path)), help=help_)


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a file as they are.

    Raises:
        DiagnosticError: D001 missing or unreadable, D004 the file is damaged or cut short.
    """
    if path.suffix not in (".safetensors", ".npz"):
        message = f"{path.name} is no weights file by its name"
        raise DiagnosticError(error("D001", message, help="give a .safetensors or an .npz file"))
    try:
        data = path.read_bytes()
    except OSError as fault:
        message = f"cannot read {path}: {fault.strerror or fault}"
        raise DiagnosticError(error("D001", message, Span.point(str(path)))) from fault
    try:
        return _parse(path, data)
    except DiagnosticError:
        raise
    except Exception as fault:  # each reader has its own family of exceptions for damaged files
        message = (
            f"{path.name} is damaged or cut short: {str(fault).splitlines()[0] if str(fault) else type(fault).__name__}"
        )
        raise DiagnosticError(error("D004", message, Span.point(str(path)), help="copy or export it again")) from fault


def _parse(path: Path, data: bytes) -> dict[str, NDArray[Any]]:
    if path.suffix == ".safetensors":
        from safetensors.numpy import load

        return load(data)
    import io

    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise ValueError("it is no NPZ archive")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
