"""The choice of settings by trials on held-out training samples; the test part is not used."""

from diffqas.searches.tuning.objective import held_out as held_out
from diffqas.searches.tuning.space import PARAMETERS as PARAMETERS
from diffqas.searches.tuning.space import Parameter as Parameter
from diffqas.searches.tuning.space import parameters_for as parameters_for
from diffqas.searches.tuning.trials import Tuned as Tuned
from diffqas.searches.tuning.trials import tune as tune
