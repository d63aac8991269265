"""What is no path is refused in one line that names the argument, wherever one is asked for."""

import pytest
from torch import nn

import diffqas
from diffqas.errors import ArgumentError
from diffqas.runs import list_runs, report_runs
from diffqas.tasks.series import load_csv
from diffqas.tasks.tables import load_table

CALLS = {
    "save_generator": lambda wrong: diffqas.QuantumTrain(nn.Linear(2, 2), depth=1).save_generator(
        wrong
    ),
    "from_generator": lambda wrong: diffqas.QuantumTrain.from_generator(wrong, nn.Linear(2, 2)),
    "search": lambda wrong: diffqas.search("bessel", output=wrong or 3, epochs=1, quiet=True),
    "load": diffqas.load,
    "resume": diffqas.resume,
    "load_network": diffqas.load_network,
    "read_qasm": diffqas.read_qasm,
    "list_runs": list_runs,
    "report_runs": lambda wrong: report_runs([wrong]),
    "load_csv": load_csv,
    "load_table": lambda wrong: load_table(wrong, "y"),
}


@pytest.mark.parametrize("wrong", [3, None, b"runs"])
@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_path_is_told(name, wrong):
    with pytest.raises(ArgumentError, match=r"Argument `\w+` must be a path, but got ") as error:
        CALLS[name](wrong)
    assert len(str(error.value).splitlines()) == 1
