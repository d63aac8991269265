import pytest

from diffqas.errors import RunError
from diffqas.reports import RunResult

RESULT = {
    "task": "bessel",
    "model": "qt",
    "recipe": "default",
    "seeds": [3, 5],
    "epochs": 2,
    "relaxation": "raw",
    "trainable_parameters": 36,
    "target_parameters": 1781,
    "report": "36 trainable numbers write 1,781 weights",
    "ranking": [
        {
            "candidate": "Ent-RY",
            "weight": 0.5,
            "contribution": 1,
            "merged": ["Ent-RY"],
            "constant": False,
        }
    ],
    "seconds": 1.5,
    "references": [{"name": "mean", "value": 0.25, "remark": ""}],
    "failures": {"5": "the loss became nan"},
    "metric": "mse",
    "higher": [],
    "train_mse": [1e-3, None],
    "test_mse": [2e-3, None],
}


def test_a_result_has_typed_rows_and_figures():
    result = RunResult.from_json(RESULT)
    assert result.test() == (2e-3, None)
    assert result.failures == {5: "the loss became nan"}
    assert (result.ranking[0].candidate, result.ranking[0].gate) == ("Ent-RY", "")
    assert result.references[0].each == (0.25,)
    assert result.agents is result.federated is None


def test_an_older_file_without_newer_entries_is_read():
    older = {name: value for name, value in RESULT.items() if name not in ("higher", "model")}
    assert RunResult.from_json(older).higher == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"task": 3}, "`task` should be a text, but is 3."),
        ({"epochs": "2"}, "`epochs` should be a whole number, but is '2'."),
        ({"seeds": [True]}, "`seeds` should be a whole number, but is True."),
        ({"test_mse": 0.5}, "`test_mse` should be a list, but is 0.5."),
        ({"failures": []}, "`failures` should be an object, but is []."),
        ({"failures": {"five": "nan"}}, "`failures.five` should be named by a seed"),
        ({"ranking": [{"candidate": "a"}]}, "it lacks `ranking.0.weight`."),
        ({"references": [None]}, "`references.0` should be an object, but is None."),
    ],
)
def test_a_wrong_entry_is_told_in_one_line(wrong, words):
    with pytest.raises(RunError) as told:
        RunResult.from_json(RESULT | wrong)
    assert words in str(told.value)
    assert str(told.value).startswith("Cannot use result.json: ")
