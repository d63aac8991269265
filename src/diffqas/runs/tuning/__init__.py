"""Settings chosen by trials on held-out training samples; the test part is never read."""

from diffqas.runs.tuning.objective import held_out as held_out
from diffqas.runs.tuning.space import PARAMETERS as PARAMETERS
from diffqas.runs.tuning.space import Parameter as Parameter
from diffqas.runs.tuning.space import parameters_for as parameters_for
from diffqas.runs.tuning.trials import Tuned as Tuned
from diffqas.runs.tuning.trials import tune as tune
