"""QLSTM: a long short-term memory whose gates are searched circuits. Knows no task."""

from diffqas.layers.baselines import BASELINES as BASELINES
from diffqas.layers.forecaster import Forecaster as Forecaster
from diffqas.layers.gates import GATES as GATES
from diffqas.layers.gates import STRUCTURES as STRUCTURES
from diffqas.layers.gates import GateCircuits as GateCircuits
from diffqas.layers.lockstep import ForecasterLockstep as ForecasterLockstep
from diffqas.layers.parameter_report import QLSTMReport as QLSTMReport
from diffqas.layers.qlstm import QLSTM as QLSTM
from diffqas.layers.recurrence import SQUASHES as SQUASHES
