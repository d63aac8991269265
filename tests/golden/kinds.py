"""The runs that are held to what they gave: one small search of every kind."""

from typing import Any

Arguments = dict[str, Any]
"""Of `diffqas.search`; `task` is its first one."""

TASK_FILE, CSV_FILE = "task.py", "series.csv"
"""Files beside this one; kinds name them without a folder."""

SERIES: dict[str, Arguments] = {
    "series-kalman": {"task": "bessel", "depth": 2, "epochs": 3, "seeds": 2},
    "series-float64": {"task": "bessel", "depth": 2, "epochs": 3, "dtype": "float64"},
    "series-adam-softmax": {
        "task": "bessel",
        "depth": 2,
        "epochs": 3,
        "optimizer": "adam",
        "relaxation": "softmax",
        "seed": 3,
    },
    "series-gumbel-separate": {
        "task": "damped-shm",
        "depth": 2,
        "epochs": 2,
        "optimizer": "adam",
        "relaxation": "gumbel",
        "sharing": "separate",
        "seeds": [1, 4],
    },
    "series-paper": {"task": "narma5", "recipe": "paper", "depth": 1, "epochs": 2},
    "series-soap": {"task": "bessel", "depth": 1, "epochs": 2, "optimizer": "soap", "seeds": 2},
    "series-best": {"task": "bessel", "depth": 1, "epochs": 4, "select": "best", "seeds": 2},
    "series-bilevel": {
        "task": "bessel",
        "depth": 1,
        "epochs": 3,
        "optimizer": "adam",
        "bilevel": True,
    },
    "series-sparsity": {
        "task": "bessel",
        "depth": 1,
        "epochs": 3,
        "optimizer": "adam",
        "sparsity": 0.01,
    },
    "series-csv": {
        "task": "series",
        "csv": CSV_FILE,
        "column": "level",
        "scaling": "train",
        "recipe": "paper",
        "depth": 1,
        "epochs": 3,
    },
    "series-own": {
        "task": "series",
        "csv": CSV_FILE,
        "column": "level",
        "depth": 1,
        "epochs": 3,
    },
}

CIRCUITS: dict[str, Arguments] = {
    "mapping-mlp": {"task": "bessel", "depth": 1, "epochs": 2, "mapping": "mlp", "hidden": 4},
    "mapping-mps": {
        "task": "bessel",
        "depth": 1,
        "epochs": 2,
        "mapping": "mps",
        "bond": 2,
        "chunk": 8,
    },
    "shots": {
        "task": "bessel",
        "depth": 1,
        "epochs": 2,
        "optimizer": "adam",
        "shots": 200,
        "seeds": 2,
    },
    "shots-parameter-shift": {
        "task": f"{TASK_FILE}:mine",
        "depth": 1,
        "epochs": 2,
        "shots": 200,
        "shot_gradient": "parameter-shift",
    },
    "per-layer": {"task": "bessel", "per_layer": True, "depth": 2, "epochs": 2, "seeds": 2},
}

OTHERS: dict[str, Arguments] = {
    "qlstm": {
        "task": "bessel",
        "model": "qlstm",
        "hidden_size": 2,
        "depth": 1,
        "epochs": 2,
        "seeds": 2,
    },
    "qlstm-circuit": {
        "task": "bessel",
        "model": "qlstm",
        "circuit": "C3",
        "hidden_size": 2,
        "layers": 2,
        "squash": "arctan",
        "depth": 1,
        "epochs": 2,
        "optimizer": "adam",
        "classical": False,
    },
    "images": {"task": "digits", "classes": [3, 8], "depth": 1, "epochs": 2, "seeds": 2},
    "images-cnn": {
        "task": "digits",
        "classes": [3, 8],
        "target": "cnn",
        "recipe": "paper",
        "depth": 1,
        "epochs": 1,
    },
    "own-task": {"task": f"{TASK_FILE}:mine", "depth": 2, "epochs": 4, "seeds": 2},
    "federated": {"task": "bessel", "clients": 2, "rounds": 3, "depth": 1, "seeds": 2},
    "federated-images": {
        "task": "digits",
        "classes": [3, 8],
        "clients": 2,
        "rounds": 2,
        "local_epochs": 2,
        "split": "label",
        "depth": 1,
    },
    "agents-a2c": {
        "task": "minigrid-empty-5x5",
        "episodes": 20,
        "workers": 2,
        "depth": 1,
        "seeds": 2,
    },
}

KINDS: dict[str, Arguments] = SERIES | CIRCUITS | OTHERS
"""Searches from Python, by name."""

COMMANDS: dict[str, list[str]] = {
    "command-series": [
        *("search", "bessel", "--depth", "2", "--epochs", "2", "--optimizer", "soap"),
        *("--lr", "0.02", "--relaxation", "softmax", "--temperature", "0.5"),
        *("--candidates", "1", "5", "8", "--spread", "0.3", "--structure-rate", "2"),
    ],
    "command-qlstm": [
        *("search", "bessel", "--model", "qlstm", "--depth", "1", "--epochs", "2"),
        *("--hidden-size", "2", "--structure", "shared", "--reservoir", "--no-classical"),
    ],
}
"""Searches from the command line, by name."""

REORDERED = {"0.1.0": ("images",)}
"""Stored runs whose circuits have 15 qubits or more: amplitudes were added up in another order."""

SENSITIVE = (
    *("shots", "shots-parameter-shift", "agents-a2c", "agents"),
    *("series-kalman", "series-best", "series", "per-layer"),
)
"""Kinds in which the last digit of one number changes all that follows.

What the first four do turns on draws from computed probabilities, the candidate of a layer on the
largest of perturbed weights; and a filter in float32 that is sure of itself takes large steps.
"""

NEEDED = {"digits": "sklearn", "minigrid-empty-5x5": "minigrid"}
"""What must be installed for a task."""

STORED: dict[str, Arguments] = {
    "series": {"task": "bessel", "depth": 2, "epochs": 4, "seeds": 2},
    "qlstm": {
        "task": "bessel",
        "model": "qlstm",
        "hidden_size": 2,
        "depth": 1,
        "epochs": 4,
        "optimizer": "adam",
        "seeds": 2,
    },
    "own-task": {"task": f"{TASK_FILE}:mine", "depth": 1, "epochs": 4, "seeds": 2},
    "agents": {"task": "minigrid-empty-5x5", "episodes": 12, "workers": 2, "depth": 1},
    "federated": {"task": "bessel", "clients": 2, "rounds": 4, "depth": 1, "seeds": 2},
    "images": {
        "task": "digits",
        "classes": [3, 8],
        "depth": 1,
        "epochs": 4,
        "select": "best",
    },
}
"""Searches whose folders are stored, finished and stopped."""

STUDY = [
    *("study", "table-2", "--seeds", "2", "--epochs", "2", "--workers", "1"),
    *("--datasets", "bessel", "--rows", "search-raw", "uniform-distribution"),
]
"""The command of the study whose folder is stored."""
