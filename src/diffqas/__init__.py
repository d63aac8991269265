"""Differentiable quantum architecture search for PyTorch.

Search for the quantum circuit that writes your network's weights by gradient descent, and walk away with
an ordinary classical model and a circuit that runs anywhere.
"""

__version__ = "0.1.0"

from typing import TYPE_CHECKING, Any

from diffqas.circuits import QLSTM_SPACE as QLSTM_SPACE
from diffqas.circuits import TABLE_I as TABLE_I
from diffqas.circuits import Ansatz as Ansatz
from diffqas.circuits import Candidate as Candidate
from diffqas.circuits import Gate as Gate
from diffqas.circuits import QasmAnsatz as QasmAnsatz
from diffqas.circuits import SearchSpace as SearchSpace
from diffqas.circuits import Slot as Slot
from diffqas.circuits import read_qasm as read_qasm
from diffqas.circuits import register_ansatz as register_ansatz
from diffqas.quantum_train import QuantumTrain as QuantumTrain
from diffqas.recurrent import QLSTM as QLSTM
from diffqas.simulator import expectations as expectations
from diffqas.simulator import heisenberg as heisenberg
from diffqas.simulator import probabilities as probabilities

if TYPE_CHECKING:
    from diffqas.exports import load_network as load_network
    from diffqas.runs import Run as Run
    from diffqas.runs import load as load
    from diffqas.runs import resume as resume
    from diffqas.runs import search as search

_OF_RUNS = ("Run", "load", "resume", "search")


def __getattr__(name: str) -> Any:
    """What runs need is large (pictures, data sets): it is imported when it is first asked for."""
    if name == "load_network":
        from diffqas.exports import load_network

        return load_network
    if name in _OF_RUNS:
        from diffqas import runs

        return getattr(runs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_OF_RUNS, "load_network"])
