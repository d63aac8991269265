"""Angles -> probabilities: pure, batched, differentiable functions. No neural network in here."""

from diffqas.simulator.oracle import dense_probabilities as dense_probabilities
from diffqas.simulator.probabilities import MAX_QUBITS as MAX_QUBITS
from diffqas.simulator.probabilities import mixture as mixture
from diffqas.simulator.probabilities import probabilities as probabilities
