"""The classical networks in a trained model, and what writes them."""

from __future__ import annotations

from torch import nn

from diffqas.agents import Agent, Centre
from diffqas.errors import RunError
from diffqas.kinds import AnyModel
from diffqas.layers import FastWeightForecaster, HybridModel
from diffqas.quantum_train import QuantumTrain


def generators(model: AnyModel) -> dict[str, QuantumTrain]:
    """Generators by the name of the network that they write: `"network"`, or `"policy"` and
    `"value"` of an agent.

    Raises:
        RunError: circuits are part of the model, so that it writes no classical network.
    """
    parts = (
        {"policy": model.policy, "value": model.value}
        if isinstance(model, Agent)
        else {"network": model}
    )
    found = {name: part for name, part in parts.items() if isinstance(part, QuantumTrain)}
    if isinstance(model, HybridModel):
        raise RunError(
            "The run's model keeps its circuits: neither ONNX nor a classical network has "
            "operators for them. `diffqas export RUN --format circuits` writes them, with front "
            "and head."
        )
    if isinstance(model, FastWeightForecaster):
        raise RunError(
            "The run's model keeps its circuit: its angles change from moment to moment, and "
            "from sample to sample, so there is no classical network to export. "
            "`diffqas.load(RUN).models` has it in PyTorch, circuit.qasm its circuit."
        )
    if len(found) < len(parts):
        remedy = "`diffqas.load(RUN).models` has it in PyTorch, circuit-*.qasm its circuits"
        head = "The run's model keeps its circuits: there is no classical network to export"
        raise RunError(f"{head} ({remedy}).")
    return found


def networks(model: AnyModel) -> dict[str, nn.Module]:
    """Plain networks by the same names, on the CPU, ready to predict; those of an agent take raw
    observations.
    """
    plain = {name: generator.export() for name, generator in generators(model).items()}
    if isinstance(model, Agent):
        plain = {
            name: nn.Sequential(Centre(model.mean.clone(), model.shrink), part)
            for name, part in plain.items()
        }
    return {name: network.cpu().eval() for name, network in plain.items()}
