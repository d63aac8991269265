"""Differentiable quantum architecture search for PyTorch.

Search for the quantum circuit that writes your network's weights by gradient descent, and walk away with
an ordinary classical model and a circuit that runs anywhere.
"""

__version__ = "0.1.0"

from diffqas.circuits import QLSTM_SPACE as QLSTM_SPACE
from diffqas.circuits import TABLE_I as TABLE_I
from diffqas.circuits import Candidate as Candidate
from diffqas.circuits import SearchSpace as SearchSpace
from diffqas.quantum_train import QuantumTrain as QuantumTrain
from diffqas.recurrent import QLSTM as QLSTM
from diffqas.runs import Run as Run
from diffqas.runs import load as load
from diffqas.runs import resume as resume
from diffqas.runs import search as search
from diffqas.simulator import expectations as expectations
from diffqas.simulator import heisenberg as heisenberg
from diffqas.simulator import probabilities as probabilities
