"""One moment of a fast weight programmer in training, by diffqas and by others, one file each.

Every module here that is a peer offers `VERSION` and `make_step(size)`, which returns a callable
`step(data) -> (loss, gradients)` on the NumPy arrays of `workload.data`; the gradients are those of
the slow network, of the structural weights and of what was added to the angles before.
"""

PEERS = ("jax_bodies", "jax_vmap", "tensorcircuit_jax", "pennylane_unitaries", "diffqas_plain")
