"""Files that may come from somebody else: arbitrary bytes, and sound files with something changed.

Whatever stands in them, the answer is a result or one of this package's errors. DIFFQAS_EXAMPLES
changes how many are tried of each kind.
"""

import gzip
import io
import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffqas import search
from diffqas.circuits.gates import gate_list
from diffqas.circuits.qasm_ansatz import read_qasm
from diffqas.cli import main
from diffqas.errors import DataError, DiffqasError
from diffqas.searches.artefacts import curves_picture
from diffqas.searches.config import config_from_json
from diffqas.searches.session import make_training
from diffqas.storage import RunFolder, load_tensors, understood
from diffqas.studies import Plan
from diffqas.studies.cells import StudyFolder
from diffqas.tasks.images.idx import read_idx
from diffqas.tasks.series import load_csv

EXAMPLES = int(os.environ.get("DIFFQAS_EXAMPLES", "60"))
CSV = "day,level\n" + "".join(f"2024-01-{i:02},{i % 7}.5\n" for i in range(1, 32))
IDX = gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 2, 3, 4) + bytes(range(24)))
QASM = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
input angle phi;
qubit[3] q;
h q[0];
cx q[0], q[1];
rx(2 * theta - pi / 2) q[1];
gate mine(a) b, c { rz(a) b; cx b, c; }
mine(-phi) q[1], q[2];
barrier q;
"""
PIECES = [
    *QASM.split(),
    *QASM.splitlines(),
    "def",
    "{",
    "}",
    "for int i in [0:3]",
    "if (true)",
    "measure q;",
    "1e400",
    "theta / 0",
]
fuzzed = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 40)
    | st.integers()
    | st.floats()
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
small = st.recursive(  # numbers that are built, not only read, must stay small
    st.none() | st.booleans() | st.integers(-3, 40) | st.floats(-9, 9) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def changed_bytes(draw, good: bytes) -> bytes:
    """Arbitrary bytes, or good ones of which a few pieces are replaced, left out or new."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=200))
    content = good
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        content = (
            content[:start]
            + draw(st.binary(max_size=6))
            + content[start + draw(st.integers(0, 6)) :]
        )
    return content


@st.composite
def changed_json(draw, good: object, other: st.SearchStrategy = values) -> object:
    """A value in which something is replaced, left out or new, however deep."""
    if draw(st.integers(0, 5)) == 0 or not isinstance(good, (dict, list)) or not good:
        return draw(other)
    if isinstance(good, list):
        index = draw(st.integers(0, len(good) - 1))
        return [*good[:index], draw(changed_json(good[index], other)), *good[index + 1 :]]
    key = draw(st.sampled_from(sorted(good)))
    if draw(st.integers(0, 5)) == 0:
        return {name: value for name, value in good.items() if name != key}
    return good | {key: draw(changed_json(good[key], other))}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunFolder:
    folder = tmp_path_factory.mktemp("runs") / "run"
    search("bessel", depth=1, epochs=2, seeds=2, output=folder, quiet=True)
    return RunFolder(folder)


@contextmanager
def refused(kind: type[DiffqasError]) -> Iterator[None]:
    """What may be refused, in one line, and in no other way."""
    said = ""
    try:
        yield
    except kind as error:
        said = str(error)
    assert len(said.splitlines()) <= 1


def called(*arguments: str) -> tuple[int, str]:
    """Exit code and errors of the program, which may raise nothing."""
    errors = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")), redirect_stderr(errors):
        try:
            main(list(arguments))
            code = 0
        except SystemExit as stop:
            code = stop.code
    errors.seek(0)
    return code, errors.read()


def refused_or_done(*arguments: str) -> None:
    code, errors = called(*arguments)
    lines = len(errors.splitlines())
    assert (code, lines) in {(0, 0), (2, 1)}, errors


@fuzzed
@given(content=changed_bytes(CSV.encode()))
def test_series(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "series.csv"
    path.write_bytes(content)
    with refused(DataError):
        data = load_csv(path)
        assert data.inputs.shape[1] == 4


@fuzzed
@given(content=changed_bytes(IDX) | changed_bytes(gzip.decompress(IDX)).map(gzip.compress))
def test_images(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "images.gz"
    path.write_bytes(content)
    with refused(DataError):
        assert read_idx(path, 3).ndim == 3


@fuzzed
@given(
    content=changed_bytes(QASM.encode())
    | st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join).map(str.encode)
)
def test_circuits(content, tmp_path_factory):
    pytest.importorskip("openqasm3", reason="circuits in files need openqasm3")
    path = tmp_path_factory.getbasetemp() / "circuit.qasm"
    path.write_bytes(content)
    with refused(DiffqasError):  # of a circuit on other than three qubits an ArgumentError
        assert gate_list(read_qasm(path), 3).layer is not None


@fuzzed
@given(data=st.data())
def test_the_config_of_a_run(data, run):
    good = json.loads(run.config.read_text())
    content = data.draw(changed_json(good, small))
    with refused(DiffqasError):
        config = config_from_json(content if isinstance(content, dict) else {})
        loaded = config.load()
        with understood(run.config):
            make_training(config, loaded)


@fuzzed
@given(data=st.data())
def test_any_bytes_as_the_config_of_a_run(data, run, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "config"
    folder.mkdir(exist_ok=True)
    (folder / "result.json").write_text("{}")
    (folder / "config.json").write_bytes(data.draw(changed_bytes(run.config.read_bytes())))
    code, errors = called("resume", str(folder))
    assert code == 2
    assert len(errors.splitlines()) == 1


@fuzzed
@given(data=st.data())
def test_the_result_of_a_run(data, run, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "result"
    folder.mkdir(exist_ok=True)
    good = run.result.read_bytes()
    mutated = changed_json(json.loads(good)).map(lambda value: json.dumps(value).encode())
    (folder / "result.json").write_bytes(data.draw(mutated | changed_bytes(good)))
    (folder / "config.json").write_bytes(run.config.read_bytes())
    refused_or_done("show", str(folder))


@fuzzed
@given(data=st.data())
def test_the_metrics_of_a_run(data, run, tmp_path_factory):
    folder = RunFolder(tmp_path_factory.getbasetemp() / "metrics")
    folder.path.mkdir(exist_ok=True)
    folder.config.write_bytes(run.config.read_bytes())
    good = run.metrics.read_bytes()
    lines = [json.loads(line) for line in good.splitlines()]
    some = changed_json(lines).filter(lambda value: isinstance(value, list))
    mutated = some.map(lambda value: "".join(json.dumps(line) + "\n" for line in value).encode())
    folder.metrics.write_bytes(data.draw(mutated | changed_bytes(good)))
    lost = folder.rewind(2)
    records = folder.records()
    assert len(records) <= 2
    assert (lost is None) == (len(records) == 2)


@pytest.mark.parametrize(
    "line",
    ["5", '{"epoch": 1}', "[", '{"epoch": 1, "loss": "x", "structural_weights": []}', "\xff"],
)
def test_metrics_without_a_sound_line_cannot_be_drawn(line, run, tmp_path):
    folder = RunFolder(tmp_path)
    folder.config.write_bytes(run.config.read_bytes())
    folder.metrics.write_text(line, encoding="latin-1")
    assert folder.records() == []
    with pytest.raises(DiffqasError, match="no finished epoch"):
        curves_picture(folder)


@fuzzed
@given(data=st.data())
def test_the_settings_of_a_study(data, tmp_path_factory):
    folder, plan = (
        StudyFolder(tmp_path_factory.getbasetemp() / "study"),
        Plan("table-2", seeds=2, epochs=1),
    )
    if not folder.settings.exists():
        folder.open(plan)
        (folder.path / "good").write_bytes(folder.settings.read_bytes())
    good = (folder.path / "good").read_bytes()
    mutated = changed_json(json.loads(good)).map(lambda value: json.dumps(value).encode())
    folder.settings.write_bytes(data.draw(mutated | changed_bytes(good)))
    with refused(DiffqasError):
        folder.open(plan)
        folder.changed_versions()


@fuzzed
@given(data=st.data())
def test_a_checkpoint(data, run, tmp_path_factory):
    path: Path = tmp_path_factory.getbasetemp() / "checkpoint.pt"
    path.write_bytes(data.draw(changed_bytes(run.checkpoint.read_bytes())))
    with refused(DiffqasError):
        assert isinstance(load_tensors(path), dict)
