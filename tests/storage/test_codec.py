import json

import pytest

from diffqas import TABLE_I, Candidate
from diffqas.architecture import Gumbel, Softmax
from diffqas.errors import RunError
from diffqas.quantum_train import DimensionScale, LinearMapping, MLPMapping, RawScale, TanhScale
from diffqas.storage import decode, encode
from diffqas.tasks.series.task import SERIES_RECIPES


@pytest.mark.parametrize(
    "value",
    [
        *SERIES_RECIPES.values(),
        Gumbel(2.0, 0.1),
        Softmax(0.5),
        DimensionScale(None),
        RawScale(),
        TanhScale(0.1),
        LinearMapping(),
        MLPMapping((4, 3), gain=2.0),
        tuple(TABLE_I),
        Candidate(entangler=[(0, 2), (2, 1)], rotation=("rz", "ry")),
        None,
        (1, 2.5, "x", True),
    ],
)
def test_choices_survive_json(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value


@pytest.mark.parametrize(
    "content",
    [
        {"is": "os.system"},
        {"is": "Rates", "angels": 1.0},
        {"no": "kind"},
        {"is": "Softmax", "temperature": -1.0},
    ],
)
def test_an_edited_file_is_told_in_one_line(content):
    with pytest.raises(RunError, match=r"config\.json does not fit"):
        decode(content)


def test_own_objects_cannot_be_stored():
    with pytest.raises(RunError, match="cannot store"):
        encode(object())
