"""What is left of a finished Quantum-Train run when its circuits are measured: finite shots, device noise."""

from diffqas.noise.device import Device as Device



