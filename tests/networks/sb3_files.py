"""Files as Stable-Baselines3 and PyTorch write them, made without either."""

from __future__ import annotations

import base64
import io
import json
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _named(module: str, name: str) -> Any:
    """A class that a pickle refers to by a name."""
    return type(name, (), {"__module__": module})


_MODULES: dict[str, dict[str, Any]] = {
    "torch": {"FloatStorage": _named("torch", "FloatStorage")},
    "torch._utils": {"_rebuild_tensor_v2": _named("torch._utils", "_rebuild_tensor_v2")},
    "torch.nn.modules.activation": {
        name: _named("torch.nn.modules.activation", name) for name in ("ReLU", "GELU", "Hardtanh")
    },
    "gymnasium.spaces.box": {"Box": _named("gymnasium.spaces.box", "Box")},
    "stable_baselines3.statistics": {name: _named("stable_baselines3.statistics", name) for name in ("Norm", "Rms")},
}


@contextmanager
def _modules() -> Iterator[None]:
    """The modules that pickles refer to, while they are written."""
    parents = {name.rsplit(".", depth)[0]: {} for name in _MODULES for depth in range(1, name.count(".") + 1)}
    modules: dict[str, dict[str, Any]] = parents | _MODULES
    before = {name: sys.modules.get(name) for name in modules}
    for name, content in modules.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(content)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def dumped(value: Any) -> bytes:
    with _modules():
        return pickle.dumps(value)


def made(module: str, name: str, **state: Any) -> Any:
    """An object of a class that does not exist where the file is read."""
    thing = _MODULES[module][name]()
    vars(thing).update(state)
    return thing


class _Tensor:
    def __init__(self, values: Array, key: str) -> None:
        self.values, self.key = values, key


class _Storage:
    def __init__(self, tensor: _Tensor) -> None:
        self.tensor = tensor


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, _Storage):
            return ("storage", _MODULES["torch"]["FloatStorage"], obj.tensor.key, "cpu", obj.tensor.values.size)
        return None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, _Tensor):
            strides = [s // 4 for s in obj.values.strides]
            arguments = (_Storage(obj), 0, obj.values.shape, tuple(strides), False, OrderedDict())
            return _MODULES["torch._utils"]["_rebuild_tensor_v2"], arguments
        return NotImplemented


def saved(weights: Mapping[str, Array], extra: Any = None) -> bytes:
    """What ``torch.save`` writes of named tensors; column-major arrays become transposed tensors."""
    found = {
        name: _Tensor(np.asarray(w, dtype=np.float32, order="K"), str(i)) for i, (name, w) in enumerate(weights.items())
    }
    text, data = io.BytesIO(), io.BytesIO()
    with _modules():
        _Pickler(text, protocol=2).dump(OrderedDict(found) | ({"extra": extra} if extra is not None else {}))
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("archive/data.pkl", text.getvalue())
        for tensor in found.values():
            archive.writestr(f"archive/data/{tensor.key}", tensor.values.tobytes(order="A"))
    return data.getvalue()


def policy_file(
    path: Path,
    weights: Mapping[str, Array],
    bounds: tuple[Any, Any] | int = ([-1.0], [1.0]),
    extra: Any = None,
    observations: str = "gymnasium.spaces.box.Box",
    **options: Any,
) -> Path:
    """A saved model; ``bounds`` of a box of actions, or the number of discrete ones."""
    if isinstance(bounds, int):
        actions: dict[str, Any] = {":type:": "<class 'gymnasium.spaces.discrete.Discrete'>"}
    else:
        low, high = (np.array(b, dtype=np.float32) for b in bounds)
        box = dumped(made("gymnasium.spaces.box", "Box", low=low, high=high))
        actions = {":type:": "<class 'gymnasium.spaces.box.Box'>", ":serialized:": base64.b64encode(box).decode()}
    data: dict[str, Any] = {"action_space": actions, "observation_space": {":type:": f"<class '{observations}'>"}}
    data["policy_kwargs"] = {":serialized:": base64.b64encode(dumped(options)).decode()} if options else {}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data", json.dumps(data))
        archive.writestr("policy.pth", saved(weights, extra))
    return path


def activation(name: str) -> Any:
    """A class of PyTorch, for ``activation_fn``."""
    return _MODULES["torch.nn.modules.activation"][name]


def statistics_file(path: Path, mean: Array, variance: Array, **more: Any) -> Path:
    """What ``VecNormalize.save`` writes."""
    rms = made("stable_baselines3.statistics", "Rms", mean=mean, var=variance, count=1.0)
    norm = {"obs_rms": rms, "norm_obs": True, "epsilon": 1e-8, "clip_obs": 2.0, **more}
    path.write_bytes(dumped(made("stable_baselines3.statistics", "Norm", **norm)))
    return path
