"""Exported files in the runtimes that are there, beside the interpreter."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from syncml.export_onnx.program import onnx_program
from syncml.export_onnx.writing import onnx_bytes
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check, on_machine
from syncml.sim.interpreter import interpret

onnx: Any = pytest.importorskip("onnx")
Array = np.ndarray[Any, Any]
Values = Mapping[str, Array]
Runtime = Callable[[list[str], Values], list[Array]]


def reference(content: bytes) -> Runtime:
    """The reference evaluator of the onnx package."""
    evaluator: Any = pytest.importorskip("onnx.reference").ReferenceEvaluator(onnx.load_model_from_string(content))
    return evaluator.run


def onnxruntime(content: bytes) -> Runtime:
    """onnxruntime on the processor, where it is installed."""
    runtime: Any = pytest.importorskip("onnxruntime")
    return runtime.InferenceSession(content, providers=["CPUExecutionProvider"]).run


RUNTIMES: Mapping[str, Callable[[bytes], Runtime]] = {"reference": reference, "onnxruntime": onnxruntime}


def checked_of(top: Any) -> Checked:
    return on_machine(check(program_of(top)))


def exported(checked: Checked) -> bytes:
    return onnx_bytes(onnx_program(checked.program))


def streamed(content: bytes, runtime: Runtime, inputs: Values, batch: int = 1) -> dict[str, Array]:
    """The outputs at each tick of rows that run side by side: each is (ticks, batch, ...), as are the inputs."""
    model = onnx.load_model_from_string(content)
    (about,) = (json.loads(p.value) for p in model.metadata_props if p.key == "syncml")
    kinds = {i.name: onnx.helper.tensor_dtype_to_np_dtype(i.type.tensor_type.elem_type) for i in model.graph.input}
    held = {name: np.array(s["initial"], kinds[name]) for name, s in about["states"].items()}
    held = {name: np.broadcast_to(first, (batch, *first.shape)) for name, first in held.items()}
    names = [o.name for o in model.graph.output]
    columns: dict[str, list[Array]] = {name: [] for name in names}
    for tick in range(len(next(iter(inputs.values())))):
        found = dict(zip(names, runtime(names, {**{n: v[tick] for n, v in inputs.items()}, **held}), strict=True))
        held = {name: found[s["next"]] for name, s in about["states"].items()}
        for name in names:
            columns[name].append(np.asarray(found[name]))
    return {name: np.array(values) for name, values in columns.items()}


def interpreted(checked: Checked, inputs: Values) -> dict[str, Array]:
    """The outputs of the interpreter, (ticks, batch, ...), from inputs of that form."""
    ticks, batch = next(iter(inputs.values())).shape[:2]
    traces = [
        interpret(checked.program, {n: v[:, row] for n, v in inputs.items()}, ticks).trace for row in range(batch)
    ]
    return {v.name: np.stack([t.column(v.name).values for t in traces], axis=1) for v in checked.main.outputs}


def drawn(checked: Checked, ticks: int, batch: int, seed: int = 0) -> dict[str, Array]:
    """Random inputs, (ticks, batch, ...)."""
    from syncml.ir.constants import dtype
    from syncml.ir.types import FLOATS, Scalar, element, integer_range, shape

    rng = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for var in checked.main.inputs:
        kind, extents = element(var.type), (ticks, batch, *shape(var.type))
        assert isinstance(kind, Scalar)
        if kind in FLOATS:
            found[var.name] = rng.normal(size=extents).astype(dtype(kind))
        elif kind is Scalar.BOOL:
            found[var.name] = rng.random(extents) < 0.5
        else:
            # Half of them small, so that they meet; half of them of the whole range.
            least, most = integer_range(kind)
            whole = rng.integers(least, most, extents, dtype=dtype(kind), endpoint=True)
            small = rng.integers(max(least, -3), 4, extents).astype(dtype(kind))
            found[var.name] = np.where(rng.random(extents) < 0.5, whole, small)
    return found


def agrees(top: Any, runtime: str, *, ticks: int = 12, batch: int = 3, tolerance: float = 1e-6) -> dict[str, float]:
    """The runtime gives what the interpreter gives, within a part of the greatest value; the differences."""
    checked = checked_of(top)
    inputs = drawn(checked, ticks, batch)
    content = exported(checked)
    with np.errstate(all="ignore"):
        found = streamed(content, RUNTIMES[runtime](content), inputs, batch)
    wanted = interpreted(checked, inputs)
    off: dict[str, float] = {}
    for port, name in zip(onnx.load_model_from_string(content).graph.output, wanted, strict=False):
        got, want = found[port.name], wanted[name]
        assert got.shape == want.shape
        if want.dtype.kind != "f":
            assert (got == want).all(), name
            continue
        assert (np.isnan(got) == np.isnan(want)).all()
        scale = max(1.0, float(np.nanmax(np.abs(np.where(np.isfinite(want), want, 0.0)))))
        off[name] = (
            float(np.nanmax(np.abs(np.where(np.isfinite(want), got, 0.0) - np.where(np.isfinite(want), want, 0.0))))
            / scale
        )
        assert off[name] <= tolerance, name
        assert (got == want)[np.isinf(want)].all()
    return off
