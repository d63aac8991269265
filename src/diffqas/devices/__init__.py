"""Circuits on devices: what one costs there, and how it gets there; needs Qiskit for most."""

from diffqas.devices.backends import GENERIC as GENERIC
from diffqas.devices.backends import Backend as Backend
from diffqas.devices.backends import open_backend as open_backend
from diffqas.devices.costs import COSTS as COSTS
from diffqas.devices.costs import Cost as Cost
from diffqas.devices.costs import circuit_cost as circuit_cost
from diffqas.devices.costs import cost_of as cost_of
from diffqas.devices.couplings import ALL as ALL
from diffqas.devices.couplings import MAPS as MAPS
from diffqas.devices.couplings import Coupling as Coupling
from diffqas.devices.couplings import coupling_of as coupling_of
from diffqas.devices.error_gates import MAX_DEPOLARISING as MAX_DEPOLARISING
from diffqas.devices.error_gates import TWO_QUBITS as TWO_QUBITS
from diffqas.devices.error_gates import ErrorGates as ErrorGates
from diffqas.devices.error_gates import error_gates as error_gates
from diffqas.devices.primitives import estimate as estimate
from diffqas.devices.primitives import sample as sample
from diffqas.devices.routing import BASIS as BASIS
from diffqas.devices.routing import LEVEL as LEVEL
from diffqas.devices.routing import SEED as SEED
from diffqas.devices.routing import device_of as device_of
from diffqas.devices.routing import name_of as name_of
from diffqas.devices.routing import routed as routed
