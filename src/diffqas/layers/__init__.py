"""Searched circuits as layers of a model: of any model, and as the gates of an LSTM."""

from diffqas.layers.baselines import BASELINES as BASELINES
from diffqas.layers.forecaster import Forecaster as Forecaster
from diffqas.layers.found_circuits import circuit_qasm as circuit_qasm
from diffqas.layers.found_circuits import weighted_circuits as weighted_circuits
from diffqas.layers.gates import GATES as GATES
from diffqas.layers.gates import STRUCTURES as STRUCTURES
from diffqas.layers.gates import GateCircuits as GateCircuits
from diffqas.layers.hybrid import FRONTS as FRONTS
from diffqas.layers.hybrid import HEADS as HEADS
from diffqas.layers.hybrid import HybridModel as HybridModel
from diffqas.layers.hybrid import HybridReport as HybridReport
from diffqas.layers.hybrid import front_inputs as front_inputs
from diffqas.layers.hybrid_lockstep import HybridLockstep as HybridLockstep
from diffqas.layers.layer_report import QuantumLayerReport as QuantumLayerReport
from diffqas.layers.lockstep import ForecasterLockstep as ForecasterLockstep
from diffqas.layers.measurements import hermitian as hermitian
from diffqas.layers.parameter_report import QLSTMReport as QLSTMReport
from diffqas.layers.qfwp import QFWP as QFWP
from diffqas.layers.qfwp_report import QFWPReport as QFWPReport
from diffqas.layers.qlstm import QLSTM as QLSTM
from diffqas.layers.quantum_layer import LAYER_STRUCTURES as LAYER_STRUCTURES
from diffqas.layers.quantum_layer import QuantumLayer as QuantumLayer
from diffqas.layers.readings import LayerReadings as LayerReadings
from diffqas.layers.recurrence import SQUASHES as SQUASHES
from diffqas.layers.searched_circuits import SearchedCircuits as SearchedCircuits
