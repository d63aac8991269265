"""Tables of the pages that rest on `benchmarks/results`, on runs under noise and on the searchers'
tables are read back, figure by figure.
"""

import csv
import json
import re
import runpy
import statistics
import sys

import pytest
from committed import ROOT, plain, shown, text_of

RESULTS = ROOT / "benchmarks" / "results"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def result(name):
    return json.loads((RESULTS / name).read_text("utf-8"))


def rows(page, head, which=0):
    """The cells, row by row, of the table below this header line; of several the `which`-th."""
    lines = (ROOT / page).read_text("utf-8").splitlines()
    start = [number for number, line in enumerate(lines) if line == head][which] + 2
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            return found
        found.append([plain(cell) for cell in line.strip("|").split("|")])
    return found


def agree(text, *values):
    """Whether a text's figures are these values, each to as many digits as it shows."""
    texts = NUMBER.findall(text)
    assert len(texts) == len(values), (text, values)
    wrong = [
        (one, value) for one, value in zip(texts, values, strict=True) if not shown(value, one)
    ]
    assert wrong == [], (text, values)


def block(record, unit="cpu"):
    return statistics.median(one[unit] for one in record["blocks"])


def seconds_by(records, *names):
    """Median seconds of records by these of their entries: CPU time on one core, else wall time."""
    found = {}
    for record in records:
        key = tuple(record[name] for name in names)
        found.setdefault(key, block(record, "cpu" if record["cores"] == "one" else "wall"))
    return found


PEERS = {
    "diffqas, numba": "diffqas_mixture",
    "diffqas, plain torch": "diffqas_plain",
    "TensorCircuit-NG 1.10, JAX": "tensorcircuit_jax",
    "Qulacs 0.6.14 (double)": "qulacs_backprop",
    "PennyLane lightning.qubit 0.45": "pennylane_lightning",
    "PennyLane 0.45, torch": "pennylane_torch",
}


@pytest.mark.parametrize("cores", ["one", "all"])
def test_the_twelve_circuits_beside_peers(cores):
    records = result("simulator_vs_peers.json")["records"]
    found = seconds_by(records, "n", "cores", "peer", "circuits")
    head = "| | n = 11, depth 10 | ratio | n = 13, depth 10 | ratio | n = 17, depth 15 | ratio |"
    table = rows("docs/simulator.md", head, ("one", "all").index(cores))
    assert len(table) == len(PEERS)
    for name, *cells in table:
        for n, seconds, ratio in zip((11, 13, 17), cells[::2], cells[1::2], strict=True):
            own, peer = found[n, cores, "diffqas_mixture", "all"], PEERS[name]
            if "measured" in seconds:
                two = found[n, cores, peer, "sample"]
                agree(seconds.partition(" (")[0], 6 * two)
                agree(ratio, 6 * two / own, 3 * two / own)
                continue
            agree(seconds, found[n, cores, peer, "all"])
            live = found.get((n, cores, peer, "live"))
            ratios = [found[n, cores, peer, "all"] / own, *([live / own] if live else [])]
            agree(ratio, *ratios)


def test_the_fastest_peer():
    records = result("simulator_vs_peers.json")["records"]
    found = seconds_by(records, "n", "cores", "circuits", "peer")
    sentence = (
        "takes 38 times as long with 11 qubits and 53 times with 17, or 18 and 28 times where"
    )
    assert sentence in text_of("../benchmarks/README.md")
    least = [
        min(
            value
            for place, value in found.items()
            if place[:3] == (n, "one", circuits) and not place[3].startswith("diffqas")
        )
        / found[n, "one", "all", "diffqas_mixture"]
        for circuits in ("all", "live")
        for n in (11, 17)
    ]
    agree(sentence, least[0], 11, least[1], 17, least[2], least[3])


def test_memory_of_a_step():
    found = result("simulator_memory.json")
    sentence = "(largest of five processes): 14.9 MB at depth 15, 14.9 MB at depth 150;"
    assert sentence in text_of("simulator.md")
    agree("14.9 14.9", found["shallow_mb"], found["deep_mb"])


def test_the_floor_of_arithmetic():
    found = result("simulator_cost.json")
    rate = 1e9 * found["core_gigaflops"]
    ratios = {
        (row["n"], row["depth"]): statistics.median(row["seconds"]) * rate / row["operations"]
        for row in found["rows"]
    }
    large = [ratio for (n, depth), ratio in ratios.items() if n >= 14 and depth == 15]
    page = text_of("simulator.md")
    assert "At depth 15 a step takes 2.1 to 3.4 times the floor from 14 qubits on" in page
    agree("2.1 3.4", min(large), max(large))
    assert "with 17 qubits 4.3 times at depth 1 and 1.9 at depth 150" in page
    agree("4.3 1.9", ratios[17, 1], ratios[17, 150])


def test_threads_of_sixteen_cores():
    found = result("threads_16_cores.json")["milliseconds"]
    head = "| threads | (11, 10) | (13, 10) | (17, 15) | (20, 15) | (22, 15) |"
    sizes = [name.strip() for name in head.strip("|").split("|")][1:]
    for threads, *cells in rows("docs/simulator.md", head, 1):
        for size, cell in zip(sizes, cells, strict=True):
            agree(cell, found[size][threads]["median"])
    sentence = "5.1 times as fast as one with 17 qubits, 8.7 with 20, 9.3 with 22"
    assert sentence in text_of("simulator.md")
    gains = [found[size]["1"]["median"] / found[size]["16"]["median"] for size in sizes[2:]]
    agree("5.1 8.7 9.3", *gains)


def test_circuits_with_data_beside_peers():
    names = ["diffqas_observables", "diffqas_plain", "jax_vmap"]
    names += ["pennylane_unitaries", "pennylane_gates"]
    records = result("expectations_vs_peers.json")["records"]
    found = seconds_by(records, "batch", "cores", "peer")
    head = "| | batch 10, one core | batch 10, all cores | batch 200, one core | "
    table = rows("docs/simulator.md", f"{head}batch 200, all cores |")
    places = [(batch, cores) for batch in (10, 200) for cores in ("one", "all")]
    for peer, (_, *cells) in zip(names, table, strict=True):
        for place, cell in zip(places, cells, strict=True):
            value = found.get((*place, peer))
            assert (value is None) == (cell == "")
            if value is not None:
                agree(cell, 1e3 * value, value / found[*place, "diffqas_observables"])


LAYER = {
    "diffqas, numba": "diffqas_layer",
    "diffqas, plain torch": "diffqas_plain",
    "JAX by hand, closed matrices": "jax_matrices",
    "JAX by hand, nothing transposed, layers computed again": "jax_cyclic",
    "JAX by hand, vmap, rotations merged": "jax_vmap",
    "TensorCircuit-NG 1.10, JAX": "tensorcircuit_jax",
    "DeepQuantum 4.5": "deepquantum_batch",
    "PennyLane 0.45, one broadcast of matrices": "pennylane_unitaries",
    "PennyLane lightning 0.45, adjoint on tapes": "pennylane_lightning",
}


def test_a_layer_beside_peers():
    """Ratios are to diffqas in the same piece of the measurement."""
    times, ratios, memory = {}, {}, {}
    for run in result("layer.json")["runs"]:
        if run["depth"] == 1:
            found = seconds_by(run["records"], "size", "cores", "peer")
            for (size, cores, peer), value in found.items():
                times.setdefault((size, cores, peer), value)
                ratios[size, cores, peer] = value / found[size, cores, "diffqas_layer"]
            for record in run["records"]:
                if (record["size"], record["cores"]) == ("c", "one"):
                    memory.setdefault(record["peer"], record["growth_mb"])
    for name, *cells, growth in rows(
        "docs/simulator.md", "| one core / two cores | a | b | c | MB at c |"
    ):
        peer = LAYER[name]
        for size, cell in zip("abc", cells, strict=True):
            assert ((size, "one", peer) in times) == (cell != ""), (name, size)
            for cores, part in zip(("one", "all"), cell.split(" / "), strict=True) if cell else ():
                place = size, cores, peer
                own = () if peer == "diffqas_layer" else (ratios[place],)
                agree(part, 1e3 * times[place], *own)
        if growth:
            agree(growth, memory[peer])


def test_capturing_a_step():
    found = {(row["engine"], row["model"]): row for row in result("capture.json")["rows"]}
    table = rows(
        "benchmarks/README.md", "| captured / as it is | series, n = 11 | images, n = 17 |"
    )
    for engine, (_, *cells) in zip(("torch", "compiled"), table, strict=True):
        for model, cell in zip(("series, n = 11", "images, n = 17"), cells, strict=True):
            row = found[engine, model]
            times = row["captured_seconds_per_step"], row["seconds_per_step"]
            agree(cell, *(1e3 * value for value in times), row["captured_over_plain"])
    seconds = [row["seconds_to_compile"] for row in found.values()]
    for page in ("simulator.md", "../benchmarks/README.md"):
        assert "18 to 81 seconds" in text_of(page)
    agree("18 81", min(seconds), max(seconds))


def test_a_moment_of_fast_weights():
    found = {record["peer"]: block(record) for record in result("fast_weights.json")["records"]}
    names = {
        "diffqas, numba": "diffqas_cell",
        "TensorCircuit-NG 1.10, JAX": "tensorcircuit_jax",
        "JAX by hand, circuits that share matrices together": "jax_bodies",
        "diffqas, plain torch": "diffqas_plain",
        "JAX by hand, vmap": "jax_vmap",
        "PennyLane 0.45, one broadcast of matrices": "pennylane_unitaries",
    }
    table = rows("docs/fast-weights.md", "| | median | ratio |")
    assert len(table) == len(found)
    for name, median, ratio in table:
        agree(median, 1e3 * found[names[name]])
        agree(ratio, found[names[name]] / found["diffqas_cell"])


def test_an_epoch_of_fast_weights():
    same, searched, loop = result("fast_weights_epoch.json")["seconds"].values()
    page = text_of("fast-weights.md")
    said = "0.025 s with the public code's circuit, 0.026 s with 36 candidates, and 5.5 s in"
    assert said in page
    assert "**210 times** as long" in page
    agree("0.025 0.026 5.5", same, searched, loop)
    assert round(loop / searched, -1) == 210


def test_policies():
    found = {(row["agents"], row["seeds"]): row for row in result("policies.json")["rows"]}
    names = "written networks", "circuits, 3-local", "circuits, Z"
    table = rows("benchmarks/README.md", "| agents | 1 seed | 10 seeds |")
    for name, (_, *cells) in zip(names, table, strict=True):
        for seeds, cell in zip((1, 10), cells, strict=True):
            row = found[name, seeds]
            ratio = () if name == "written networks" else (row["relative"],)
            agree(cell, row["steps_per_cpu_second"], *ratio)


def test_seeds_together():
    found = {
        (row["engine"], row["optimizer"]): row
        for row in result("lockstep.json")["rows"]
        if row["seeds"] == 10
    }
    head = "| ten seeds together against one alone, per seed and step | Adam | Kalman filter |"
    for engine, (_, *cells) in zip(
        ("torch", "compiled"), rows("benchmarks/README.md", head), strict=True
    ):
        for optimizer, cell in zip(("adam", "kalman"), cells, strict=True):
            row = found[engine, optimizer]
            times = row["lockstep_seconds_per_seed_and_step"], row["alone_seconds_per_step"]
            agree(cell, *(1e3 * value for value in times), row["lockstep_over_alone"])


def test_until_a_command_is_there():
    found = {row["command"]: row for row in result("startup.json")["rows"]}
    table = rows("benchmarks/README.md", "| | CPU s | to `python -c pass` | to `import torch` |")
    assert [row[0] for row in table] == list(found)
    for command, *cells in table:
        for key, cell in zip(("median", "to_python", "to_torch"), cells, strict=True):
            agree(cell, found[command][key])


def test_larger_mappings():
    found = result("mappings.json")
    command = "diffqas search bessel --epochs 30 --seeds 5"
    head = f"| `{command}` | trained numbers | test MSE |"
    table = rows("docs/mappings.md", head)
    assert len(table) == len(found)
    medians = []
    for options, numbers, errors in table:
        own = found[" ".join(f"{command} {options} --no-baselines".split())]
        assert own["trained"] == int(numbers)
        spread(errors, own["test_mse"])
        medians.append(statistics.median(own["test_mse"]))
    sentence = "0.7 and 0.8 times as large, with as many more in the angles 1.3 times"
    assert sentence in text_of("mappings.md")
    agree(sentence, *(medians[place] / medians[0] for place in (2, 3, 1)))


def test_reliability():
    found = result("reliability.json")
    damages, full = found["damages"], found["full-disks"]
    expected = [
        (found[f"kills-{word}"]["kills"], found[f"kills-{word}"]["lost"])
        for word in ("plain", "compiled")
    ]
    expected += [
        (damages["checkpoints"], damages["checkpoints"] - damages["noticed"]),
        (damages["continued"], damages["lost"]),
        (damages["both"], damages["both"] - damages["refused"]),
        (full["cases"], full["cases"] - full["told"]),
        (full["cases"], full["lost"]),
    ]
    table = rows("docs/reliability.md", "| what happened | cases | lost |")
    assert [(int(cases), int(lost)) for _, cases, lost in table] == expected
    for row, word in zip(table[:2], ("plain", "compiled"), strict=True):
        assert f"({found[f'kills-{word}']['runs']} runs)" in row[0]


def noisy(name, figure="test_mse"):
    """Figures of a committed `noise.csv` by mixture, sweep and level."""
    found = {}
    with (RESULTS / "noise" / f"{name}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            level = row["level"] or "0"
            key = row["mixture"], row["sweep"], float(level) if level[0].isdigit() else level
            found.setdefault(key, []).append(float(row[figure]))
    return found


def disturbance(text):
    """How a noise table calls a sweep and a level, as the file has them."""
    if text == "exact":
        return "exact", 0.0
    if "shots" in text:
        return "shots", float(NUMBER.findall(text)[0].replace(",", ""))
    word, _, level = text.partition(" ")
    return word, float(level)


def spread(cell, values):
    agree(cell.replace("e-0", "e-"), statistics.median(values), min(values), max(values))


def test_fewer_qubits_under_shots():
    sixteen, sixty_four = noisy("bessel-chunk-16"), noisy("bessel-chunk-64")
    head = "| disturbance | `--chunk 16`, 7 qubits | `--chunk 64`, 5 qubits | "
    for name, one, other, _ in rows("docs/noise.md", f"{head}11 qubits, 100 epochs, from above |"):
        key = "search", *disturbance(name)
        spread(one, sixteen[key])
        spread(other, sixty_four[key])
    found = result("noise/bessel-without-circuits.json")
    page = text_of("noise.md")
    for chunk, sentence in (
        ("16", "4.75e-08 (1.42e-08 .. 2.01e-07)"),
        ("64", "2.29e-08 (1.59e-08 .. 4.29e-08)"),
    ):
        assert sentence in page
        spread(sentence, found[chunk]["test_mse"])


def test_a_quantum_lstm_under_noise():
    found = noisy("qlstm-bessel")
    mixtures = sorted({mixture for mixture, *_ in found} - {"search"})
    head = (
        "| disturbance | search: median (lowest .. highest) | best candidate of each gate alone |"
    )
    for name, whole, alone in rows("docs/noise.md", head):
        spread(whole, found["search", *disturbance(name)])
        spread(alone, found[mixtures[0], *disturbance(name)])


def test_iris_under_noise():
    found = noisy("iris", "test_accuracy")
    head = "| disturbance | search: median (lowest .. highest) | best three | "
    table = rows("docs/noise.md", f"{head}best candidate alone |", 1)
    assert len(table) == len(found) / 3
    for name, *cells in table:
        for mixture, cell in zip(("search", "top-3", "top-1"), cells, strict=True):
            spread(cell, [100 * value for value in found[mixture, *disturbance(name)]])


def test_iris_through_a_sampler():
    found = noisy("iris-fake-torino", "test_accuracy")
    sentence = "100 % (96.7 .. 100) of the 30 test rows through the sampler"
    assert sentence in text_of("noise.md")
    spread("100 96.7 100", [100 * value for value in found["search", "sampler", "fake_torino"]])
    assert found["search", "exact", 0.0] == [1.0] * 5


def test_what_makes_it_bear_shots():
    found = {}
    for line in (RESULTS / "shots_recipe.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["name"]] = row
    head = "| change, all with 10⁶ shots in training if not said otherwise | qubits | numbers | "
    table = rows("docs/noise.md", f"{head}exact | 10⁴ shots | 10⁵ shots | 10⁶ shots |")
    assert len(table) == len(found)
    levels = "exact", "1e+04", "1e+05", "1e+06"
    for _, _, numbers, *cells in table:
        fitting = [
            row
            for row in found.values()
            if row["trained"] == int(numbers)
            and all(
                shown(statistics.median(row["mse"][level]), cell.replace("e-0", "e-"))
                for level, cell in zip(levels, cells, strict=True)
            )
        ]
        assert len(fitting) == 1, (numbers, cells)


def test_orders_of_joint_searches(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "benchmarks")])
    made = runpy.run_path(str(ROOT / "benchmarks" / "search_ablation.py"))["table_text"]()
    own = {tuple(plain(part) for part in line.strip("|").split("|")) for line in made.splitlines()}
    table = rows("docs/strategies.md", "| trained | ordered by | wine | iris | moons |")
    long = "mixture, own angles, standardised outputs"
    for name, *cells in table:
        assert (name if name != long else long.removesuffix(" outputs"), *cells) in own, name


@pytest.mark.parametrize(
    "task",
    ["wine", "iris", "moons", "breast-cancer", "digits", "bessel", "narma10", "digits-weights"],
)
def test_replays_of_searchers(task):
    """Medians of the replays, made again: the committed table has their means."""
    pytest.importorskip("optuna")
    from diffqas.strategies import SEARCHERS, benchmark, replay
    from diffqas.strategies.comparison import _searchers

    table = benchmark(task)
    makers = _searchers(table)
    words = {"random", "evolution", "local", "halving", "tpe", "rank"}
    assert words - {"rank"} <= set(SEARCHERS)
    runs = replay(table, {word: makers[word] for word in makers if word in words}, 30, 16)
    medians = {run.searcher: statistics.median(run.regrets[:, 15].tolist()) for run in runs}
    head = "| task | random | evolution | local | halving | tpe | by rank |"
    (cells,) = [row[1:] for row in rows("docs/strategies.md", head) if row[0] == task]
    for word, cell in zip(
        ("random", "evolution", "local", "halving", "tpe", "rank"), cells, strict=True
    ):
        agree(cell, medians[word])


def test_side_by_side_against_random_search():
    text = (ROOT / "studies/results/searchers/table.md").read_text("utf-8")
    duels, taus = {}, {}
    for part in text.split("\n## ")[1:]:
        task = part.partition("\n")[0]
        (line,) = re.findall(r"^\| side by side, by all training samples \|.*$", part, re.MULTILINE)
        taus[task] = NUMBER.findall(line)[0]
    for line in re.findall(r"^\| [\w-]+ \| [\d.]+ \| [\d.]+ \| .*$", text, re.MULTILINE):
        task, own, other, _, adjusted = (cell.strip() for cell in line.strip("|").split("|"))
        duels[task] = own, other, adjusted
    head = "| task | tau | median regret | of random search | p (Holm) | "
    for task, tau, own, other, p, _ in rows(
        "docs/strategies.md", f"{head}with the own seed left out: regret, of random search |"
    ):
        assert float(tau.partition(" ")[0]) == float(taus[task])
        assert (own, other) == duels[task][:2]
        assert shown(float(duels[task][2]), p)
