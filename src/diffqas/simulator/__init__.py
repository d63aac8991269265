"""Angles -> probabilities, inputs and angles -> expectations: pure, batched, differentiable, no neural network."""

from diffqas.simulator.expectations import expectations as expectations
from diffqas.simulator.observables import Observables as Observables
from diffqas.simulator.observables import heisenberg as heisenberg
from diffqas.simulator.oracle import dense_expectations as dense_expectations
from diffqas.simulator.oracle import dense_probabilities as dense_probabilities
from diffqas.simulator.probabilities import MAX_QUBITS as MAX_QUBITS
from diffqas.simulator.probabilities import mixture as mixture
from diffqas.simulator.probabilities import probabilities as probabilities
