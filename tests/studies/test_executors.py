"""The same cells wherever they are computed; a failed one stops no other."""

import json
import multiprocessing
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

from diffqas.cli import main
from diffqas.errors import ArgumentError, RunError
from diffqas.simulator import cores
from diffqas.studies import Plan, run_study
from diffqas.studies.executors import Failure, LocalExecutor, knock, make_executor
from diffqas.studies.executors import local as local_executor
from diffqas.studies.executors import ray as ray_executor
from diffqas.studies.executors.cell import attempt

PLAN = Plan("table-2", seeds=2, epochs=1, depth=1)
CHOICES = {
    "rows": ["hashed-vector", "candidate-2", "random-subspace", "least-squares"],
    "datasets": ["narma5"],
}


def cells(folder):
    found = {path.name: json.loads(path.read_text()) for path in folder.glob("cells/*/*.json")}
    return {name: cell | {"seconds": 0} for name, cell in found.items()}


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    folder = tmp_path_factory.mktemp("local") / "study"
    run_study(PLAN, output=folder, workers=1, quiet=True, **CHOICES)
    return cells(folder)


def measured_but(row, reason):
    """The true `measure`, but for one row."""
    from diffqas.studies.executors.cell import measure

    def wild(study, one, *others):
        if one.slug == row:
            raise ValueError(reason)
        return measure(study, one, *others)

    return wild


def test_a_failed_cell_is_told_and_stops_no_other(tmp_path, monkeypatch, capsys, local):
    wild = measured_but("candidate-2", "no such\nluck")
    monkeypatch.setattr("diffqas.studies.executors.cell.measure", wild)
    options = [
        "--seeds",
        "2",
        "--epochs",
        "1",
        "--depth",
        "1",
        "--datasets",
        "narma5",
        "--workers",
        "1",
    ]
    command = [
        "study",
        "table-2",
        *options,
        "--rows",
        *CHOICES["rows"],
        "--output",
        str(tmp_path / "study"),
    ]
    with pytest.raises(SystemExit) as stop:
        main(command)
    assert stop.value.code == 2
    printed = capsys.readouterr()
    (line,) = printed.err.strip().splitlines()
    for words in (
        "1 of 4 cells failed: narma5, candidate 2: ValueError: no such luck.",
        "tries again",
        "log.jsonl",
    ):
        assert words in line
    assert "narma5, candidate 2 failed: ValueError: no such luck" in printed.out
    assert "3 of 146 cells finished" in printed.out
    assert cells(tmp_path / "study") == {
        name: cell for name, cell in local.items() if name != "candidate-2.json"
    }
    log = json.loads((tmp_path / "study" / "log.jsonl").read_text())
    assert "in wild" in log["failed"]["narma5, candidate 2"]
    monkeypatch.undo()
    main(command)
    assert cells(tmp_path / "study") == local


def test_a_full_disk_is_no_failure_of_a_cell(tmp_path, monkeypatch):
    def full(*_):
        raise RunError("Cannot write: No space left on device.")

    monkeypatch.setattr("diffqas.studies.cells.StudyFolder.write", full)
    with pytest.raises(RunError, match="No space left"):
        run_study(PLAN, output=tmp_path / "study", workers=1, quiet=True, **CHOICES)


def test_an_error_comes_back_as_one_line(monkeypatch):
    monkeypatch.setattr(
        "diffqas.studies.executors.cell.measure", measured_but("candidate-2", "two\nlines")
    )
    failure = attempt(PLAN, PLAN.row("candidate-2"), "narma5")
    assert isinstance(failure, Failure)
    assert failure.reason == "ValueError: two lines"
    assert "Traceback" in failure.trace


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sun",), "`executor` must be one of local, ray"),
        (("local", 0), "`workers` must be at least 1"),
        (("local", 1, "auto"), "`ray_address` must go with the executor ray"),
        (("local", 1, None, 1), "`gpus_per_cell` must go with the executor ray"),
    ],
)
def test_wrong_executors_are_refused(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        make_executor(*arguments)


def test_the_default_is_this_machine():
    assert make_executor("local") == LocalExecutor()


@pytest.mark.parametrize("begin", ["a worker here", "a task of Ray"])
def test_a_cell_keeps_to_its_share_of_the_cores(begin, monkeypatch):
    monkeypatch.setattr(cores, "_limit", cores._limit)  # put back at the end
    monkeypatch.setattr(cores, "_physical", lambda mine: 16)
    monkeypatch.setattr(cores, "_quota", lambda: 16)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cores.available_cores() == 16
    if begin == "a worker here":
        lifeline, ours = multiprocessing.Pipe()
        before = signal.getsignal(signal.SIGINT)
        local_executor._begin_worker(lifeline, 4)
        signal.signal(signal.SIGINT, before)
        ours.send_bytes(b"")  # a word; a closed pipe would end this process
        assert cores.available_cores() == 4
    else:
        monkeypatch.setattr(ray_executor, "attempt", lambda *cell: cores.available_cores())
        plan = SimpleNamespace(row=lambda word: word)
        assert ray_executor._work(plan, "row", "bessel", None, None) == 1


def test_without_ray_the_remedy_is_named(monkeypatch, refused, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    line = refused("study", "table-2", "--executor", "ray", "--output", str(tmp_path / "study"))
    assert "pip install 'diffqas[cluster]'" in line
    assert not (tmp_path / "study").exists()


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_cluster_that_is_not_there_is_told(tmp_path):
    pytest.importorskip("ray", reason="needs ray: pip install 'diffqas[cluster]'")
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))  # taken, but nobody listens
        address = f"127.0.0.1:{place.getsockname()[1]}"
        folder = tmp_path / "study"
        with pytest.raises(RunError, match=f"Cannot reach the Ray cluster at {address}: .*refused"):
            run_study(
                PLAN, output=folder, executor="ray", ray_address=address, quiet=True, **CHOICES
            )


class Listener:
    """A server that takes every connection and says the same words to each."""

    def __init__(self, words):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.words, self.lines = words, []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        with suppress(OSError):
            while True:
                line, _ = self.socket.accept()
                # Kept open, so that a silent one stays silent; kept before a word is said, so that
                # one who has hung up is closed as well.
                self.lines.append(line)
                with suppress(OSError):
                    line.sendall(self.words)

    def close(self):
        # A thread that waits in `accept` is woken by this alone: `close` leaves it waiting.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.socket.close()
        for line in self.lines:
            line.close()


@pytest.fixture
def listener():
    begun = []

    def begin(words=b""):
        begun.append(Listener(words))
        return begun[-1].address

    yield begin
    for one in begun:
        one.close()


@pytest.fixture
def nobody():
    """An address at which nobody listens."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{place.getsockname()[1]}"


@pytest.mark.parametrize("form", ["{}", "ray://{}"])
def test_a_stale_address_is_told(nobody, form):
    address = form.format(nobody)
    with pytest.raises(RunError, match=rf"Cannot reach the Ray cluster at {address}: .*refused"):
        knock.knock(address)


@pytest.mark.parametrize("given", [None, "auto"])
def test_a_stale_address_from_the_environment_is_told(nobody, given, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", nobody)
    with pytest.raises(RunError, match=rf"{nobody} \(from RAY_ADDRESS\): .*refused"):
        knock.knock(given)


def test_the_file_of_a_cluster_that_is_gone_is_named(nobody, monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert knock.find_door(None) is None
    file = tmp_path / "ray" / "ray_current_cluster"
    file.parent.mkdir()
    file.write_text(f"{nobody}\n")
    with pytest.raises(RunError, match=rf"{nobody} \(from {file}; `ray stop` clears it\)"):
        knock.knock(None)


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0"])
def test_what_is_no_cluster_is_told(listener, words, monkeypatch):
    monkeypatch.setattr(knock, "SECONDS", 0.2)
    with pytest.raises(RunError, match=r"timed out|is no Ray cluster"):
        knock.knock(listener(words))


def test_what_speaks_as_a_cluster_is_let_in(listener):
    knock.knock(listener(bytes([0, 0, 6, knock.SETTINGS, 0, 0, 0, 0, 0]) + bytes(6)))


@pytest.mark.parametrize("address", ["local", "somewhere", "http://a:1", "a:", ":6379", "a:٣"])
def test_an_address_in_another_form_is_left_to_ray(address):
    assert knock.Door(address).place is None


def test_the_port_of_an_address_of_version_six():
    assert knock.Door("[::1]:6379").place == ("::1", 6379)


@pytest.mark.parametrize("address", ["a:65536", "a:999999999999999999999", "a" * 300 + ":6379"])
def test_an_address_that_cannot_be_is_told(address):
    with pytest.raises(RunError, match="Cannot reach the Ray cluster at a"):
        knock.knock(address)


CLUSTER = """
import json, sys
from pathlib import Path
from ray.cluster_utils import Cluster

from diffqas.studies import Cell, Plan
from diffqas.studies.cells import StudyFolder
from diffqas.studies.executors import RayExecutor

small = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
cluster = Cluster(initialize_head=True, head_node_args=small | {"num_cpus": 0})
nodes = [cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20) for _ in range(2)]
folder, plan = StudyFolder(Path(sys.argv[1])), Plan("table-2", seeds=2, epochs=1, depth=1)
folder.open(plan)
jobs = plan.jobs(json.loads(sys.argv[2]), ["narma5"])
executor = RayExecutor(cluster.address)
try:
    RayExecutor(cluster.address, gpus=2).execute(folder, plan, jobs).send(None)
except Exception as error:
    refusal = str(error)
first = executor.execute(folder, plan, jobs)  # stopped after a cell
done = [next(first)[0]]
first.close()
rest = [job for job in jobs if job.row.slug != done[0].row.slug]
for job, cell in executor.execute(folder, plan, rest):
    done.append(job)
    assert isinstance(cell, Cell), cell
    if nodes:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        nodes.clear()
told = {"refusal": refusal, "done": [job.row.slug for job in done]}
Path(sys.argv[3]).write_text(json.dumps(told))
"""


def test_a_ray_cluster_that_loses_a_node_gives_the_same_cells(tmp_path, local):
    pytest.importorskip("ray", reason="needs ray: pip install 'diffqas[cluster]'")
    arguments = [str(tmp_path / "study"), json.dumps(CHOICES["rows"]), str(tmp_path / "found.json")]
    command = [
        sys.executable,
        "-c",
        CLUSTER,
        *arguments,
    ]  # a process of its own: Ray leaves threads and warnings
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert (
        found["refusal"]
        == "Argument `gpus_per_cell` must be at most 0, what a node of the cluster has, but got 2."
    )
    assert sorted(found["done"]) == sorted(CHOICES["rows"])
    assert cells(tmp_path / "study") == local
