"""Circuits as pictures: what is drawn can be counted in the figure."""

import pytest
from matplotlib.patches import Rectangle

from diffqas import TABLE_I, Ansatz, Gate, Slot
from diffqas.reports.circuit_picture import MOST_COLUMNS, MOST_QUBITS, circuit_figure
from diffqas.reports.pictures import save_figure


class Long(Ansatz):
    def layer(self, n):
        return (
            [Gate("ccx", (0, 1, 3))]
            + [Gate("rx", (q,), 0.5) for q in range(n)] * 50
            + [Gate("p", (0,), Slot(0))]
        )


def words(figure):
    (axes,) = figure.axes
    return [text.get_text() for text in axes.texts]


def boxes(figure):
    (axes,) = figure.axes
    return sum(isinstance(patch, Rectangle) for patch in axes.patches) - 1  # without the layer's


def test_every_gate_has_its_box():
    figure = circuit_figure(TABLE_I[1], 5, 7)  # H-Ent-RY
    found = words(figure)
    assert [found.count(word) for word in ("H", "X", "RY", "x 7", "q4")] == [5, 4, 5, 1, 1]
    assert boxes(figure) == 14
    assert figure.axes[0].get_title(loc="left") == "H-Ent-RY, 5 qubits, depth 7"


@pytest.mark.parametrize(
    "candidate", [TABLE_I[3], TABLE_I[6]], ids=lambda candidate: candidate.name
)
def test_many_qubits_are_cut_and_said(candidate, tmp_path):
    figure = circuit_figure(candidate, 30, 2)
    assert f"(the first {MOST_QUBITS} of 30 qubits)" in figure.axes[0].get_title(loc="left")
    assert "q23" in words(figure)
    assert "q24" not in words(figure)
    save_figure(figure, tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 1000


def test_a_long_layer_is_cut_and_said():
    figure = circuit_figure(Long(), 4, 1)
    assert f"(the first {MOST_COLUMNS} of 52 columns)" in figure.axes[0].get_title(loc="left")
    assert words(figure).count("RX\n0.5") > 100
    assert "P" not in words(figure)
