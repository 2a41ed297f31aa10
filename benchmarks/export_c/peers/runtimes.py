"""Peers that live in an interpreter of their own; `run` starts this file there.

    python runtimes.py onnxruntime MODEL.onnx     answers each line of standard input with the nanoseconds of one call
    python runtimes.py litert MODEL.onnx          the same
    python runtimes.py emlearn WEIGHTS.npz        writes the folder of emlearn's headers and the C that it generates

The first line that is written is `ready`, or `absent:` with what is missing. Both runtimes have one thread. A runtime's
result is compared with onnx's reference first: one that computes something else is no peer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

try:
    import numpy as np
except ImportError:
    raise SystemExit(print("absent: numpy is not installed")) from None

CALLS = 200


def onnxruntime(model: Any, given: dict[str, np.ndarray]) -> tuple[Callable[[], Any], Callable[[], np.ndarray]]:
    """A call with bound inputs and outputs, and its first result."""
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for name, value in given.items():
        binding.bind_cpu_input(name, value)
    for made in session.get_outputs():
        binding.bind_output(made.name)

    def call() -> None:
        session.run_with_iobinding(binding)

    return call, lambda: binding.copy_outputs_to_cpu()[0]


def litert(model: Any, given: dict[str, np.ndarray]) -> tuple[Callable[[], Any], Callable[[], np.ndarray]]:
    """A call of the interpreter, whose input is in place."""
    runtime: Any = import_module("ai_edge_litert.interpreter")
    from tflite import converted

    interpreter = runtime.Interpreter(model_content=converted(model), num_threads=1)
    interpreter.allocate_tensors()
    (value,) = given.values()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    result = interpreter.get_output_details()[0]["index"]
    return interpreter.invoke, lambda: interpreter.get_tensor(result)


def serve(start: Callable[..., tuple[Callable[[], Any], Callable[[], np.ndarray]]], path: str) -> None:
    """Compare one result, then measure whenever a line comes."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = decoded(onnx.load(path))
    generator = np.random.default_rng(0)
    given: dict[str, np.ndarray] = {}
    for one in model.graph.input:
        extents = [d.dim_value or 1 for d in one.type.tensor_type.shape.dim]
        given[one.name] = generator.normal(size=extents).astype(np.float32)
    call, result = start(model, given)
    call()
    expected = ReferenceEvaluator(model).run(None, given)[0]
    if not np.allclose(result().reshape(-1), np.asarray(expected).reshape(-1), rtol=1e-3, atol=1e-4):
        raise SystemExit(f"absent: {start.__name__} computes another result than onnx's reference")
    print("ready", flush=True)
    for _ in sys.stdin:
        best = float("inf")
        for _ in range(CALLS):
            begin = time.perf_counter_ns()
            call()
            best = min(best, time.perf_counter_ns() - begin)
        print(best, flush=True)


def decoded(model: Any) -> Any:
    """The model with decoded weights; the reference knows `DequantizeLinear` of later versions only."""
    from onnx import ModelProto, numpy_helper

    copy = ModelProto()
    copy.CopyFrom(model)
    tensors = {t.name: numpy_helper.to_array(t) for t in copy.graph.initializer}
    for node in [n for n in copy.graph.node if n.op_type == "DequantizeLinear" and n.input[0] in tensors]:
        values, scale, zero = (tensors[name].astype(np.float32) for name in node.input)
        copy.graph.initializer.append(numpy_helper.from_array((values - zero) * scale, node.output[0]))
        copy.graph.node.remove(node)
    return copy


def emlearn(path: str) -> None:
    """C of a network of dense layers with ReLU between them."""
    package: Any = import_module("emlearn")
    net: Any = import_module("emlearn.net")
    tensors = np.load(path)
    count = len(tensors.files) // 2
    weights = [tensors[f"w{k}"].T for k in range(count)]
    biases = [tensors[f"b{k}"] for k in range(count)]
    activations = ["relu"] * (count - 1) + ["identity"]
    print("ready")
    print(Path(package.__file__).parent)
    print(net.c_generate_net_loadable(activations, weights, biases, prefix="mlp"))


if __name__ == "__main__":
    _, what, argument = sys.argv
    try:
        if what == "emlearn":
            emlearn(argument)
        else:
            serve({"onnxruntime": onnxruntime, "litert": litert}[what], argument)
    except ImportError as missing:
        print(f"absent: {missing.name} is not installed", flush=True)
