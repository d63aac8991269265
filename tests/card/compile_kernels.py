"""Compiles every kernel for a card of compute capability 9.0; needs Triton, and no card."""

import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from diffqas.simulator.card import kernels

TARGET = GPUTarget("cuda", 90, 32)
REAL, INTEGER = "*fp", "*i32"

STATE = ["source", "target", "final", "cotangent", "states", "cotangents", "to_states"]
FLOATS = {
    *STATE,
    *("to_cotangents", "cos", "sin", "amplitude", "slopes", "held", "back", "values", "weights"),
    *("output", "upstream"),
}
TABLES = {"order", "which", "hadamard", "jobs", "steps", "pairs_of", "starts", "sources"}
TABLES |= {"owners", "signs", "slots", "rows_of"}
LOWEST = {"LOW": 0, "BITS": 12, "SIDE": 0}
HIGHER = {"LOW": 12, "BITS": 5, "SIDE": 7}
PLAIN = {"START": False, "GATHER": True}
CASES = {
    "ry_whole": [{"N": 11}, {"N": 12}],
    "ry_whole_back": [{"N": 11}, {"N": 12}],
    "ry_pass": [
        LOWEST | PLAIN,
        LOWEST | {"START": True, "GATHER": False},
        HIGHER | {"START": False, "GATHER": False},
    ],
    "ry_pass_back": [LOWEST | {"GATHER": True}, HIGHER | {"GATHER": False}],
    "walsh_pass": [LOWEST, HIGHER],
    "pauli_forward": [{"BLOCK": 128}],
    "pauli_backward": [{"BLOCK": 128}],
    "gathered_sum": [{"BLOCK": 128, "WIDTH": 12}],
    "paired_sum": [{"BLOCK": 128}],
}


SMALL = {"N": 3, "LOW": 2, "BITS": 2, "SIDE": 1, "BLOCK": 32, "WIDTH": 2}


def kind(name: str, bits: str) -> str:
    if name in FLOATS:
        return REAL + bits
    return INTEGER if name in TABLES else "i32"


def main(small: bool) -> None:
    """Compile all kernels; with `small`, tiny tiles in one precision, which is quicker."""
    for name in CASES:
        kernel = getattr(kernels, name)
        for constants in CASES[name]:
            if small:
                constants = {key: min(size, SMALL.get(key, 1)) for key, size in constants.items()}
            for bits in ("64",) if small else ("32", "64"):
                signature = {
                    argument: "constexpr" if argument in constants else kind(argument, bits)
                    for argument in kernel.arg_names
                }
                source = ASTSource(kernel, signature, constants)
                found = triton.compile(
                    source, target=TARGET, options={"num_warps": 8, "enable_fp_fusion": True}
                )
                print(name, constants, bits, found.metadata.shared, flush=True)


if __name__ == "__main__":
    main("--small" in sys.argv)
