"""Policies of Stable-Baselines3 from the zip files that it saves, without PyTorch.

Rule: the node is what ``predict(observation, deterministic=True)`` computes: PPO and A2C take the mean of the
distribution, clipped to the action space (or squashed, where the policy was made so), or the most probable action; SAC,
TD3 and DDPG take the tanh of the actor stretched to the action space; DQN takes the action of the greatest value.
Statistics of ``VecNormalize`` are in a file of their own, which ``VecNormalize.save`` writes. Both files are pickles;
nothing of them is executed (`syncml.networks.pickles`).
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.lang.functions import clip, sigmoid, tanh
from syncml.networks.pickles import ForbiddenError, Inert, array_of, inert, tensors
from syncml.nodes import activations
from syncml.nodes.neural import Activation, Dense, identity
from syncml.nodes.policies import ObservationNorm, Policy, argmax, clipped, squashed

Tensors = Mapping[str, NDArray[Any]]

ACTIVATIONS: Mapping[str, Activation] = {
    "ELU": activations.elu, "GELU": activations.gelu, "Hardswish": activations.hard_swish, "Identity": identity,
    "LeakyReLU": activations.leaky_relu, "Mish": activations.mish, "ReLU": activations.relu, "SELU": activations.selu,
    "SiLU": activations.silu, "Sigmoid": sigmoid, "Softplus": activations.softplus, "Softsign": activations.softsign,
    "Tanh": tanh,
}  # fmt: skip
"""The activation functions of PyTorch that are read, with the parameters that they have by default."""


def load_sb3(path: str | Path, statistics: str | Path | None = None) -> Policy:
    """The policy in a zip file of Stable-Baselines3; call it on a vector of observations.

    Args:
        path: What ``model.save`` wrote.
        statistics: What ``VecNormalize.save`` wrote, if the policy was trained on normalised observations.

    Raises:
        DiagnosticError: D001 a file is missing or cannot be read, D003 weights are not finite or of other sizes, D004
            a file is damaged, or holds something else, D005 the policy is of a kind that is not read.
    """
    return _File(Path(path)).policy(None if statistics is None else _File(Path(statistics)))


class _File:
    """A file, and how faults in it are reported."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.data = path.read_bytes()
        except OSError as fault:
            message = f"cannot read {path}: {fault.strerror or fault}"
            raise DiagnosticError(error("D001", message, Span.point(str(path)))) from fault

    def refuse(self, code: str, why: str, help_: str = "") -> NoReturn:
        """Report a fault."""
        raise DiagnosticError(error(code, f"{self.path.name} {why}", Span.point(str(self.path)), help=help_ or None))

    def reading(self, read: Callable[[], Any]) -> Any:
        """What ``read`` gives; whatever goes wrong in it is a damaged file."""
        try:
            return read()
        except ForbiddenError as fault:
            self.refuse(
                "D004", f"holds {fault}, which is no tensor; nothing of it was executed", "save the model again"
            )
        except Exception as fault:
            reason = (str(fault).strip() or type(fault).__name__).splitlines()[0]
            self.refuse("D004", f"is damaged, or no file of Stable-Baselines3: {reason}", "save the model again")

    def policy(self, statistics: _File | None) -> Policy:
        """The policy in this file."""
        data, weights = self.reading(self._parts)
        bad = [name for name, tensor in weights.items() if not np.isfinite(tensor).all()]
        if bad:
            self.refuse("D003", f"has values in {bad[0]!r} that are no finite numbers", "look for a run that diverged")
        if "Box" not in data["observation_space"][":type:"]:
            self.refuse("D005", f"has observations of {data['observation_space'][':type:']}, not vectors of numbers")
        if any("features_extractor." in name for name in weights):
            self.refuse("D005", "has a network in front of its policy (images); policies of dense layers are read")
        options = self.reading(lambda: _options(data))
        layers, act = self._network(data, weights, options)
        sizes = [layer.weight.shape for layer in layers]
        if any(after[1] != before[0] for before, after in pairwise(sizes)):
            self.refuse("D003", f"has layers of sizes {sizes}, which do not follow each other")
        normalise = identity if statistics is None else statistics.norm(sizes[0][1])
        return Policy(tuple(layers), act, normalise)

    def _parts(self) -> tuple[dict[str, Any], Tensors]:
        with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
            return json.loads(archive.read("data")), tensors(archive.read("policy.pth"))

    def _network(
        self, data: dict[str, Any], weights: Tensors, options: Mapping[str, Any]
    ) -> tuple[list[Dense], Activation]:
        """The dense layers of the actor, by the names of its tensors, and what makes actions of their output."""
        space = data["action_space"][":type:"]

        def activation(default: str) -> Activation:
            name = str(getattr(options.get("activation_fn"), "name", default)).rpartition(".")[2]
            if name not in ACTIVATIONS:
                self.refuse("D005", f"has the activation function {name}", f"read are {', '.join(ACTIVATIONS)}")
            return ACTIVATIONS[name]

        def dense(function: Activation, *prefixes: str) -> list[Dense]:
            names = [name for prefix in prefixes for name in _numbered(weights, prefix)]
            made = [
                Dense(weights[f"{n}.weight"], weights[f"{n}.bias"], function, f"layer{i}") for i, n in enumerate(names)
            ]
            return [*made[:-1], Dense(made[-1].weight, made[-1].bias, identity, made[-1].name)]

        if "action_net.weight" in weights:
            names = ("mlp_extractor.shared_net.", "mlp_extractor.policy_net.", "action_net")
            layers = dense(activation("Tanh"), *names)
            if "Discrete" in space and "Multi" not in space:
                return layers, argmax
            return layers, self._bounded(data, squash=bool(options.get("squash_output", False)))
        if "q_net.q_net.0.weight" in weights:
            return dense(activation("ReLU"), "q_net.q_net."), argmax
        if "actor.latent_pi.0.weight" in weights:
            layers = dense(activation("ReLU"), "actor.latent_pi.", "actor.mu", "actor.mu.")
            act, limit = self._bounded(data, squash=True), float(options.get("clip_mean", 2.0))
            if "actor.mu.weight" in weights or limit <= 0.0:
                return layers, act
            return layers, lambda x: act(clip(x, -limit, limit))
        if "actor.mu.0.weight" in weights:
            return dense(activation("ReLU"), "actor.mu."), self._bounded(data, squash=True)
        return self.refuse("D005", "holds no actor that is read", "those of PPO, A2C, SAC, TD3, DDPG and DQN are")

    def _bounded(self, data: dict[str, Any], *, squash: bool) -> Activation:
        """Actions within the action space."""
        if "spaces.box.Box" not in data["action_space"][":type:"]:
            self.refuse("D005", f"has actions in {data['action_space'][':type:']}, not in a box or one of some")
        space = self.reading(lambda: inert(base64.b64decode(data["action_space"][":serialized:"])))
        low, high = (self.reading(lambda n=n: array_of(space.get(n)).astype(np.float32)) for n in ("low", "high"))
        if not squash:
            return clipped(low.reshape(-1), high.reshape(-1))
        if not np.isfinite(low).all() or not np.isfinite(high).all():
            self.refuse("D003", "squashes its actions into a space without bounds")
        return squashed(low.reshape(-1), high.reshape(-1))

    def norm(self, inputs: int) -> Activation:
        """The normalisation of observations by the statistics in this file."""
        made = self.reading(lambda: inert(self.data))
        statistics = made.get("obs_rms") if isinstance(made, Inert) else None
        if not isinstance(made, Inert) or not isinstance(statistics, Inert):
            self.refuse("D004", "holds no statistics of observations", "give what VecNormalize.save wrote")
        if made.get("norm_obs") is False:
            return identity
        found = [statistics.get(name) for name in ("mean", "var")]
        mean, variance = self.reading(lambda: [array_of(value) for value in found])
        if mean.shape != (inputs,) or variance.shape != (inputs,):
            self.refuse("D003", f"has statistics of {mean.size} observations, the policy reads {inputs}")
        if not np.isfinite(mean).all() or not (np.isfinite(variance) & (variance >= 0)).all():
            self.refuse("D003", "has statistics that are no finite numbers")
        return ObservationNorm(mean, variance, float(made.get("epsilon")), float(made.get("clip_obs")))


def _options(data: dict[str, Any]) -> Mapping[str, Any]:
    """The arguments of the policy."""
    given: dict[str, Any] = data.get("policy_kwargs") or {}
    return inert(base64.b64decode(given[":serialized:"])) if ":serialized:" in given else given


def _numbered(weights: Tensors, prefix: str) -> list[str]:
    """The layers whose names begin with ``prefix`` and go on with a number, in order; the name itself without."""
    if not prefix.endswith("."):
        return [prefix] if f"{prefix}.weight" in weights else []
    numbers = [m[1] for name in weights if (m := re.fullmatch(re.escape(prefix) + r"(\d+)\.weight", name))]
    return [f"{prefix}{n}" for n in sorted(numbers, key=int)]
