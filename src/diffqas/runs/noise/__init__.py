"""How a finished run performs when its circuits are measured: finite shots and device noise."""

from diffqas.runs.noise.device import Device as Device
from diffqas.runs.noise.run import noise_run as noise_run
from diffqas.runs.noise.table import NoiseReport as NoiseReport
from diffqas.runs.noise.table import NoiseRow as NoiseRow
