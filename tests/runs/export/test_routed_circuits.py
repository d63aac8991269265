"""Circuits as a device runs them: files, layouts, and what they give when they are run."""

import json

import numpy as np
import pytest

from diffqas import search
from diffqas.circuits import QLSTM_SPACE
from diffqas.cli import main
from diffqas.devices import coupling_of
from diffqas.errors import ArgumentError, RunError
from diffqas.runs import export_routed
from diffqas.runs.export.routed import FOLDER
from diffqas.runs.noise.writing import writing

FEW = [QLSTM_SPACE[index] for index in (0, 9)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "narma5"
    return search(
        "narma5", depth=1, epochs=1, chunk=64, optimizer="adam", output=folder, quiet=True
    )


def test_the_files_give_the_probabilities_of_the_model(written, tmp_path, capsys):
    pytest.importorskip("qiskit_qasm3_import")
    from qiskit import qasm3
    from qiskit.primitives import StatevectorSampler

    folder = tmp_path / "routed"
    main(
        [
            *("export", str(written.folder), "--format", "circuits", "--backend", "line"),
            *("--top-k", "2", "--output", str(folder)),
        ]
    )
    assert "two-qubit gates, depth" in capsys.readouterr().out
    about = json.loads((folder / "routed.json").read_text())
    assert (about["backend"], about["task"], about["model"]) == ("line", "narma5", "qt")
    mixture = writing(written.models[0].discretize(2))
    assert len(about["circuits"]) == len(mixture.run)
    coupling = coupling_of("line", about["qubits"])
    assert coupling is not None
    for index, entry in zip(mixture.run, about["circuits"], strict=True):
        assert entry["candidate"] == mixture.candidates[index].name
        assert entry["weights"] == [pytest.approx(float(mixture.weights[index]))]
        circuit = qasm3.loads((folder / entry["file"]).read_text())
        pairs = {
            tuple(sorted(circuit.find_bit(qubit).index for qubit in gate.qubits))
            for gate in circuit.data
            if len(gate.qubits) == 2
        }
        assert pairs <= set(coupling.pairs)
        read = {
            circuit.find_bit(gate.clbits[0]).index: circuit.find_bit(gate.qubits[0]).index
            for gate in circuit.data
            if gate.operation.name == "measure"
        }
        assert [read[bit] for bit in sorted(read)] == entry["layout"]
        counts = StatevectorSampler(seed=1).run([circuit], shots=4000).result()[0].data.meas
        p = np.zeros(2 ** about["qubits"])
        for bits, count in counts.get_counts().items():
            p[int(bits[::-1], 2)] = count / 4000
        exact = mixture.exact[index].numpy()
        assert (np.abs(p - exact) <= 5 * np.sqrt(exact * (1 - exact) / 4000) + 1e-6).all()


def test_an_earlier_longer_export_leaves_none(written, tmp_path):
    pytest.importorskip("qiskit")
    folder = tmp_path / "routed"
    many = export_routed(written.folder, "all", output=folder)
    (folder / "routed-99.qasm").write_text("mine")
    few = export_routed(written.folder, "all", output=folder, top_k=1)
    assert len(few.circuits) == 1 < len(many.circuits)
    assert sorted(path.name for path in folder.iterdir()) == [
        *("routed-1.qasm", "routed-99.qasm", "routed.json"),
    ]
    (folder / "routed.json").write_text("{")
    assert FOLDER.earlier(folder) == []


def test_a_searched_layer_has_its_inputs_open(tmp_path):
    pytest.importorskip("qiskit")
    run = search(
        "iris",
        model="vqc",
        candidates=FEW,
        qubits=3,
        observables="hermitian",
        epochs=1,
        baselines=False,
        output=tmp_path / "run",
        quiet=True,
    )
    found = export_routed(run.folder, "line")
    assert found.path == run.folder / "routed"
    assert max(one.basis for one in found.circuits) > 0
    text = (found.path / "routed-1.qasm").read_text()
    assert "input float[64] x0" in text
    assert all(len(one.weights) == 3 for one in found.circuits)


def test_what_cannot_be_routed_is_one_line(written, tmp_path, refused):
    pytest.importorskip("qiskit")
    with pytest.raises(ArgumentError, match="`k` must be between"):
        export_routed(written.folder, "line", top_k=99)
    with pytest.raises(RunError, match="There is no"):
        export_routed(tmp_path / "nothing", "line")
    command = ["export", str(written.folder), "--backend", "line"]
    assert "`backend` must go with --format circuits" in refused(*command)
    assert not (written.folder / "routed").exists()
