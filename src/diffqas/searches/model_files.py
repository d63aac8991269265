"""The files of models and circuits in a run folder, with a sentence on each."""

from __future__ import annotations

from collections.abc import Mapping

from diffqas.errors import RunError
from diffqas.reports import RunResult

AGENT_FILES = {
    "model.safetensors": "the policy as a classical network of raw observations, no quantum part",
    "circuit-policy.qasm": "the leading circuit of the policy, OpenQASM 3",
    "circuit-value.qasm": "that of the value",
}
CIRCUIT_AGENT_FILES = {
    **AGENT_FILES,
    "model.safetensors": "the policy of raw observations: front, quantum layer and head",
}
# By the models' words of the command line, which result.json repeats. The classes themselves are
# not asked: they import torch, and `diffqas show` only prints.
FILES = {
    "qt": {
        "model.safetensors": "the classical network, no quantum part",
        "circuit.qasm": "the leading circuit, OpenQASM 3",
        "circuit.png": "the same drawn, one layer",
    },
    "vqc": {
        "model.safetensors": "the quantum layer with its front and head",
        "circuit*.qasm": "the leading circuit, inputs open, OpenQASM 3",
    },
    "qfwp": {
        "model.safetensors": "the slow network, the circuits' weights and the head",
        "circuit*.qasm": "the leading circuit, inputs and fast weights open, OpenQASM 3",
    },
    "qlstm": {
        "model.safetensors": "the quantum LSTM with its head",
        "circuit-*.qasm": "the leading circuit of each gate, OpenQASM 3",
    },
}


def files_of(result: RunResult) -> dict[str, str]:
    """A sentence on each file of a finished run's model, by the file's name or pattern.

    Raises:
        RunError: the result names no model, or a model that this version does not know.
    """
    if result.agents is not None:
        files = AGENT_FILES if result.model == "qt" else CIRCUIT_AGENT_FILES
        return _with_seeds(files, result)
    if result.model not in FILES:
        raise RunError(f"The result of a run on {result.task} names no known model.")
    return _with_seeds(FILES[result.model], result)


def _with_seeds(files: Mapping[str, str], result: RunResult) -> dict[str, str]:
    """The same with whose the circuits are, where several seeds have some."""
    told = dict(files)
    if result.circuit_seed is None:
        return told
    for name, what in files.items():
        if name.startswith("circuit"):
            told[name] = f"{what}, of seed {result.circuit_seed}"
    told["*-seed-*"] = "the same of the other seeds"
    return told
