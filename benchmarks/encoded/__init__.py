"""One training step of a searched layer of encoded circuits, by diffqas and by others, one file
each.

Every module here that is a peer offers `VERSION` and `make_step(size, circuits)`, which returns a
callable `step(data) -> (loss, gradients)` on the NumPy arrays of `workload.data`; the gradients are
those of inputs, angles, weights and, where they are trained, observables.
"""

LIBRARIES = (
    "pennylane_unitaries",
    "pennylane_lightning",
    "tensorcircuit_jax",
    "deepquantum_batch",
)

PEERS = {
    "a": ("diffqas_layer", "jax_matrices", "jax_vmap", *LIBRARIES, "diffqas_plain"),
    "b": ("diffqas_layer", "jax_vmap", *LIBRARIES, "diffqas_plain"),
    "c": ("diffqas_layer", "jax_cyclic", "jax_vmap", *LIBRARIES, "diffqas_plain"),
}
"""Of each size: ours first, then each peer in the ways that suit the size best."""
