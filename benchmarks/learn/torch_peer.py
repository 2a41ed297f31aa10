"""The network of gru.py in PyTorch. Runs in an interpreter that has it.

    python torch_peer.py FOLDER ROUNDS THREADS RATE

Reads ``inputs.npz`` in FOLDER, writes ``torch.npz`` (the parameters after the first sequence), prints the least seconds
of a sequence and the loss of the first.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

folder, rounds, threads, rate = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
torch.set_num_threads(threads)
given = {name: torch.from_numpy(value) for name, value in np.load(folder / "inputs.npz").items()}
inputs, units = given["w"].shape[0], given["u"].shape[0]
recurrent = torch.nn.GRU(inputs, units)
output = torch.nn.Linear(units, given["v"].shape[1], bias=False)
with torch.no_grad():
    recurrent.weight_ih_l0.copy_(given["w"].T)
    recurrent.weight_hh_l0.copy_(given["u"].T)
    recurrent.bias_ih_l0.copy_(given["b"])
    recurrent.bias_hh_l0.zero_()
    output.weight.copy_(given["v"].T)
recurrent.bias_hh_l0.requires_grad_(False)
parameters = [p for p in (*recurrent.parameters(), *output.parameters()) if p.requires_grad]
optimiser = torch.optim.SGD(parameters, rate)


def learn():
    optimiser.zero_grad()
    remembered, _ = recurrent(given["x"])
    loss = ((output(remembered) - given["y"]) ** 2).sum()
    loss.backward()
    optimiser.step()
    return loss


first = float(learn())
after = {"w": recurrent.weight_ih_l0.T, "u": recurrent.weight_hh_l0.T, "b": recurrent.bias_ih_l0, "v": output.weight.T}
np.savez(folder / "torch.npz", **{name: value.detach().numpy() for name, value in after.items()})
best = float("inf")
for _ in range(rounds):
    begin = time.perf_counter()
    learn()
    best = min(best, time.perf_counter() - begin)
print(json.dumps({"seconds": best, "loss": first}))
