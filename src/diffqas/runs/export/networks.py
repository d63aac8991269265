"""The classical networks of a trained model, and the generators that write them."""

from __future__ import annotations

from torch import nn

from diffqas.agents import Agent, Centre
from diffqas.errors import RunError
from diffqas.kinds import AnyModel
from diffqas.layers import FastWeightForecaster, HybridModel
from diffqas.quantum_train import QuantumTrain


def generators(model: AnyModel) -> dict[str, QuantumTrain]:
    """The generators of a model, by the names of the networks that they write.

    The name is `"network"`; an agent has a `"policy"` and a `"value"`.

    Raises:
        RunError: circuits are part of the model, so there is no classical network.
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
    """The plain networks by the same names as in `generators`, on the CPU and ready to predict.

    Those of an agent take raw observations.
    """
    plain = {name: generator.export() for name, generator in generators(model).items()}
    if isinstance(model, Agent):
        plain = {
            name: nn.Sequential(Centre(model.mean.clone(), model.shrink), part)
            for name, part in plain.items()
        }
    return {name: network.cpu().eval() for name, network in plain.items()}
