"""What is left of a finished Quantum-Train run when its circuits are measured: finite shots, device noise."""

from diffqas.noise.device import Device as Device
from diffqas.noise.report import NoiseReport as NoiseReport
from diffqas.noise.report import NoiseRow as NoiseRow
from diffqas.noise.run import noise_run as noise_run
