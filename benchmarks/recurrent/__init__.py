"""One training step of a recurrent cell out of encoded circuits, by diffqas and by others, one file
each.

Every module here that is a peer offers `VERSION` and `make_step(size)`, which returns a callable
`step(data) -> (loss, grad_theta, grad_w)` on the NumPy arrays of `workload.data`.
"""

PEERS = ("jax_vmap", "pennylane_unitaries", "pennylane_gates", "diffqas_plain")
