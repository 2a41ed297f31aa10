"""The networks of `networks` as ONNX models, which other exporters and runtimes read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.export_c.peers.networks import CHANNELS, DENSE, FRAMES, KERNELS, RECURRENT

_OPSET = 13


def mlp(activation: str, path: Path) -> None:
    """``Gemm`` and ``Relu`` or ``Tanh``."""
    nodes: list[Any] = []
    weights: dict[str, np.ndarray] = {}
    x = "x"
    for k, (weight, bias) in enumerate(DENSE):
        weights |= {f"w{k}": weight, f"b{k}": bias}
        nodes.append(helper.make_node("Gemm", [x, f"w{k}", f"b{k}"], [f"g{k}"], transB=1))
        x = f"g{k}"
        if k < 2:
            nodes.append(helper.make_node(activation, [x], [f"a{k}"]))
            x = f"a{k}"
    _save(path, nodes, {"x": (1, 8)}, {x: (1, 2)}, weights)


def lstm(path: Path) -> None:
    """One step of the LSTM, its state as inputs and outputs; the gates in the order of ONNX."""

    def gates(a: np.ndarray) -> np.ndarray:
        i, f, g, o = np.split(a, 4)
        return np.concatenate([i, o, f, g])

    w, u, b, c = map(gates, RECURRENT["LSTM"])
    node = helper.make_node("LSTM", ["x", "W", "R", "B", "", "h0", "c0"], ["", "h", "c"], hidden_size=32)
    weights = {"W": w[None], "R": u[None], "B": np.concatenate([b, c])[None]}
    state = {"h0": (1, 1, 32), "c0": (1, 1, 32)}
    _save(path, [node], {"x": (1, 1, 16), **state}, {"h": (1, 1, 32), "c": (1, 1, 32)}, weights)


def convolutions(path: Path) -> None:
    """The stack on a whole window."""
    nodes: list[Any] = []
    x, length = "x", FRAMES
    for k, kernel in enumerate(KERNELS):
        nodes.append(helper.make_node("Conv", [x, f"w{k}"], [f"c{k}"]))
        x, length = f"c{k}", length - kernel.shape[2] + 1
        if k < 2:
            nodes.append(helper.make_node("Relu", [x], [f"r{k}"]))
            x = f"r{k}"
    weights = {f"w{k}": kernel for k, kernel in enumerate(KERNELS)}
    _save(path, nodes, {"x": (1, CHANNELS, FRAMES)}, {x: (1, KERNELS[-1].shape[0], length)}, weights)


def _save(
    path: Path,
    nodes: Sequence[Any],
    inputs: dict[str, tuple[int, ...]],
    outputs: dict[str, tuple[int, ...]],
    weights: dict[str, np.ndarray],
) -> None:
    infos = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, extents) for name, extents in group.items()]
        for group in (inputs, outputs)
    ]
    initial = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, path.stem, *infos, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = 8
    onnx.save(model, str(path))
