"""QLSTM: a long short-term memory whose gates are searched circuits. Knows no task."""

from diffqas.recurrent.baselines import BASELINES as BASELINES
from diffqas.recurrent.forecaster import Forecaster as Forecaster
from diffqas.recurrent.gates import GATES as GATES
from diffqas.recurrent.gates import STRUCTURES as STRUCTURES
from diffqas.recurrent.lockstep import ForecasterLockstep as ForecasterLockstep
from diffqas.recurrent.qlstm import QLSTM as QLSTM
from diffqas.recurrent.recurrence import SQUASHES as SQUASHES
from diffqas.recurrent.report import QLSTMReport as QLSTMReport
