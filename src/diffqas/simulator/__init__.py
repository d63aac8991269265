"""Pure, batched and differentiable simulation: from angles and inputs to probabilities or <Z>.

There is no neural network here.
"""

from diffqas.simulator.autograd import Context as Context
from diffqas.simulator.cores import available_cores as available_cores
from diffqas.simulator.cores import limit_cores as limit_cores
from diffqas.simulator.cores import using_cores as using_cores
from diffqas.simulator.cores import working_cores as working_cores
from diffqas.simulator.eager import eager as eager
from diffqas.simulator.encoded import dense_observed as dense_observed
from diffqas.simulator.encoded import final_states as final_states
from diffqas.simulator.encoded import observed as observed
from diffqas.simulator.expectations import expectations as expectations
from diffqas.simulator.gate_states import gate_states as gate_states
from diffqas.simulator.gate_states import turned_states as turned_states
from diffqas.simulator.general import amplitudes as amplitudes
from diffqas.simulator.kept import holding as holding
from diffqas.simulator.layered import layered_amplitudes as layered_amplitudes
from diffqas.simulator.layered import layered_probabilities as layered_probabilities
from diffqas.simulator.observables import MAX_COEFFICIENT_QUBITS as MAX_COEFFICIENT_QUBITS
from diffqas.simulator.observables import Observables as Observables
from diffqas.simulator.observables import features as features
from diffqas.simulator.observables import heisenberg as heisenberg
from diffqas.simulator.oracle import dense_expectations as dense_expectations
from diffqas.simulator.oracle import dense_probabilities as dense_probabilities
from diffqas.simulator.probabilities import MAX_QUBITS as MAX_QUBITS
from diffqas.simulator.probabilities import mixture as mixture
from diffqas.simulator.probabilities import probabilities as probabilities
from diffqas.simulator.reversible import evolve as evolve
from diffqas.simulator.rotations import qubit_unitaries as qubit_unitaries
