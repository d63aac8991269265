"""The functions of `eager` as torch's compiler calls them; imported when it meets the first one."""

from diffqas.simulator.eager import EAGER, WAITING, left_alone

while WAITING:
    name, function = WAITING.popitem()
    EAGER[name] = left_alone(function)
