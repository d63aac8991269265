"""Other simulators doing the work that diffqas does, one file each, behind one small interface.

Every module here offers `VERSION` and `make_step(n, depth, circuits)`, which returns a callable
`step(theta, w, target) -> (loss, grad_theta, grad_w)` on NumPy arrays.
"""

PEERS = (
    "pennylane_lightning",
    "qulacs_backprop",
    "tensorcircuit_jax",
    "pennylane_torch",
    "diffqas_plain",
)
