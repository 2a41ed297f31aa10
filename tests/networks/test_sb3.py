"""Policies of Stable-Baselines3: what they compute, and that nothing of their files runs."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.networks.sb3 import load_sb3
from tests.networks.models import array, outputs
from tests.networks.sb3_files import activation, policy_file, statistics_file

Array = np.ndarray[Any, Any]
LOW, HIGH = np.array([-2.0, -1.0], dtype=np.float32), np.array([2.0, 3.0], dtype=np.float32)
X = array(9, 3) * 2


def layers(*names: str, sizes: tuple[int, ...]) -> dict[str, Array]:
    made: dict[str, Array] = {}
    for i, name in enumerate(names):
        made[f"{name}.weight"], made[f"{name}.bias"] = (
            array(sizes[i + 1], sizes[i], seed=i),
            array(sizes[i + 1], seed=i),
        )
    return made


def forward(weights: dict[str, Array], function: Callable[[Array], Array], x: Array) -> Array:
    names = [n.removesuffix(".weight") for n in weights if n.endswith(".weight") and "value" not in n]
    for i, name in enumerate(names):
        x = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        x = function(x) if i < len(names) - 1 else x
    return x


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def squashed(x: Array) -> Array:
    return LOW + 0.5 * (np.tanh(x) + 1) * (HIGH - LOW)


PPO = layers("mlp_extractor.policy_net.0", "mlp_extractor.policy_net.2", "action_net", sizes=(3, 6, 5, 2))
SAC = layers("actor.latent_pi.0", "actor.latent_pi.2", "actor.mu", sizes=(3, 6, 5, 2))
TD3 = layers("actor.mu.0", "actor.mu.2", "actor.mu.4", sizes=(3, 6, 5, 2))
DQN = layers("q_net.q_net.0", "q_net.q_net.2", sizes=(3, 6, 4))
SDE = {name.replace("actor.mu", "actor.mu.0"): w for name, w in SAC.items()}
SHARED = layers("mlp_extractor.shared_net.0", "mlp_extractor.policy_net.0", "action_net", sizes=(3, 6, 5, 2))
VALUE = layers("mlp_extractor.value_net.0", "value_net", sizes=(3, 4, 1))

CASES: dict[str, tuple[dict[str, Array], Any, dict[str, Any], Callable[[Array], Array]]] = {
    "ppo": (PPO | VALUE, (LOW, HIGH), {}, lambda x: np.clip(forward(PPO, np.tanh, x), LOW, HIGH)),
    "ppo with relu": (PPO, (LOW, HIGH), {"activation_fn": activation("ReLU"), "net_arch": [6, 5]},
                      lambda x: np.clip(forward(PPO, relu, x), LOW, HIGH)),
    "ppo with shared layers": (SHARED, (LOW, HIGH), {}, lambda x: np.clip(forward(SHARED, np.tanh, x), LOW, HIGH)),
    "ppo squashed": (PPO, (LOW, HIGH), {"squash_output": True}, lambda x: squashed(forward(PPO, np.tanh, x))),
    "ppo of discrete actions": (PPO, 2, {}, lambda x: forward(PPO, np.tanh, x).argmax(1)),
    "sac": (SAC, (LOW, HIGH), {}, lambda x: squashed(forward(SAC, relu, x))),
    "sac with sde": (SDE, (LOW, HIGH), {"clip_mean": 0.5},
                     lambda x: squashed(np.clip(forward(SDE, relu, x), -0.5, 0.5))),
    "td3": (TD3, (LOW, HIGH), {}, lambda x: squashed(forward(TD3, relu, x))),
    "dqn": (DQN, 4, {}, lambda x: forward(DQN, relu, x).argmax(1)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_policy_acts_as_it_was_trained(tmp_path: Path, case: str) -> None:
    weights, bounds, options, expected = CASES[case]
    policy = load_sb3(policy_file(tmp_path / "m.zip", weights, bounds, **options))
    assert policy.inputs == 3
    found = outputs(policy, X)
    assert found == pytest.approx(expected(X.astype(np.float64)), abs=1e-5)
    assert found.dtype == (np.int32 if isinstance(bounds, int) else np.float32)


def test_a_transposed_tensor_is_read_by_its_strides(tmp_path: Path) -> None:
    weights = {name: np.asfortranarray(w) for name, w in PPO.items()}
    policy = load_sb3(policy_file(tmp_path / "m.zip", weights, (LOW, HIGH)))
    assert np.array_equal(policy.layers[0].weight, PPO["mlp_extractor.policy_net.0.weight"])


def test_observations_are_normalised_by_statistics_of_their_own_file(tmp_path: Path) -> None:
    path = policy_file(tmp_path / "m.zip", PPO, (LOW, HIGH))
    mean, variance = array(3).astype(np.float64), abs(array(3, seed=1)).astype(np.float64)
    statistics = statistics_file(tmp_path / "norm.pkl", mean, variance)
    x = np.clip((X - mean) / np.sqrt(variance + 1e-8), -2, 2)
    expected = np.clip(forward(PPO, np.tanh, x), LOW, HIGH)
    assert outputs(load_sb3(path, statistics), X) == pytest.approx(expected, abs=1e-5)
    plain = statistics_file(tmp_path / "off.pkl", mean, variance, norm_obs=False)
    assert np.array_equal(outputs(load_sb3(path, plain), X), outputs(load_sb3(path), X))


class Run:
    """What a hostile file would ask for."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return exec, (f"open({self.path!r}, 'w').write('ran')",)


def code(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(DiagnosticError) as caught:
        call()
    (found,) = caught.value.diagnostics
    return found.code, found.message


def test_nothing_of_a_file_is_executed(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    path = policy_file(tmp_path / "m.zip", PPO, extra=Run(str(trap)))
    found, message = code(lambda: load_sb3(path))
    assert (found, trap.exists()) == ("D004", False)
    assert ".exec, which is no tensor" in message
    good = policy_file(tmp_path / "good.zip", PPO, (LOW, HIGH))
    hidden = statistics_file(tmp_path / "norm.pkl", array(3), abs(array(3)), hidden=Run(str(trap)))
    load_sb3(good, hidden)
    load_sb3(policy_file(tmp_path / "o.zip", PPO, (LOW, HIGH), optimizer_kwargs=Run(str(trap))))
    assert not trap.exists()


def test_faulty_files_are_reported(tmp_path: Path) -> None:
    good = policy_file(tmp_path / "m.zip", PPO, (LOW, HIGH))
    data = good.read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(data[: len(data) // 2])
    assert code(lambda: load_sb3(cut))[0] == "D004"
    assert code(lambda: load_sb3(tmp_path / "absent.zip"))[0] == "D001"
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("data", "{}")
    assert code(lambda: load_sb3(tmp_path / "other.zip"))[0] == "D004"
    assert code(lambda: load_sb3(good, good))[0] == "D004"
    short = statistics_file(tmp_path / "short.pkl", array(2), abs(array(2)))
    assert code(lambda: load_sb3(good, short)) == (
        "D003",
        "short.pkl has statistics of 2 observations, the policy reads 3",
    )


@pytest.mark.parametrize(
    ("weights", "bounds", "options", "expected", "words"),
    [
        (PPO | {"action_net.bias": np.array([np.nan, 0])}, (LOW, HIGH), {}, "D003", "no finite numbers"),
        (PPO | {"action_net.weight": array(2, 4)}, (LOW, HIGH), {}, "D003", "do not follow"),
        (PPO, (LOW, HIGH), {"activation_fn": activation("Hardtanh")}, "D005", "Hardtanh"),
        (PPO | {"features_extractor.cnn.0.weight": array(4, 3, 8, 8)}, (LOW, HIGH), {}, "D005", "images"),
        (SAC, (LOW - np.inf, HIGH), {}, "D003", "without bounds"),
        (VALUE, (LOW, HIGH), {}, "D005", "no actor"),
        (SAC, 4, {}, "D005", "not in a box"),
    ],
)
def test_policies_that_are_not_read_say_why(
    tmp_path: Path, weights: dict[str, Array], bounds: Any, options: dict[str, Any], expected: str, words: str
) -> None:
    path = policy_file(tmp_path / "m.zip", weights, bounds, **options)
    found, message = code(lambda: load_sb3(path))
    assert found == expected
    assert words in message


def test_observations_that_are_no_vectors_are_refused(tmp_path: Path) -> None:
    path = policy_file(tmp_path / "m.zip", PPO, observations="gymnasium.spaces.dict.Dict")
    assert code(lambda: load_sb3(path))[0] == "D005"
