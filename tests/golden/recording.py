"""What is recorded of a run, and how two records are compared; by public names of diffqas alone."""

import contextlib
import hashlib
import importlib
import io
import json
import math
import os
import platform
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from safetensors.torch import load_file

import diffqas
from diffqas.cli import main
from diffqas.runs import list_runs
from kinds import COMMANDS, CSV_FILE, KINDS, NEEDED, TASK_FILE

HERE = Path(__file__).parent
FIXTURES, FORMATS = HERE / "fixtures", HERE / "formats"

TOLERANCE = 1e-3
"""Of figures in another environment, relative to the largest of their list."""
SMALL = 1e-5
"""A difference that is none in another environment."""
SHOWN = 8
"""Numbers of each tensor that are recorded beside its checksum."""

NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def environment() -> dict[str, Any]:
    """What the last digit of a figure depends on."""
    packages = ("torch", "numpy", "scipy")
    return {
        **{name: version(name) for name in packages},
        "capability": torch.backends.cpu.get_cpu_capability(),
        "compiled": compiled(),
        "machine": platform.machine(),
        "processor": _processor(),
    }


def compiled() -> bool:
    """Whether diffqas has compiled kernels: numba is there and they are not turned off."""
    if os.environ.get("DIFFQAS_COMPILED", "1") == "0":
        return False
    try:
        importlib.import_module("numba")
    except ImportError:
        return False
    return True


def _processor() -> str:
    """Who made it: libraries of linear algebra choose their code by that."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text("utf-8").splitlines() if known.exists() else []
    makers = [line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")]
    return makers[0] if makers else platform.processor()


def call(name: str) -> Any:
    """What a kind is made by: arguments of `diffqas.search`, or words of the command line."""
    return COMMANDS[name] if name in COMMANDS else KINDS[name]


def needs(name: str) -> str | None:
    """The package that a kind needs beside diffqas, if any."""
    return None if name in COMMANDS else NEEDED.get(KINDS[name]["task"])


def make(name: str, folder: Path) -> None:
    """Run a kind, and leave its folder."""
    if name not in COMMANDS:
        search(KINDS[name], folder)
        return
    with quiet():
        main([*COMMANDS[name], "--output", str(folder)])


def search(arguments: dict[str, Any], folder: Path) -> diffqas.Run:
    """Search with the arguments of a kind."""
    choices = {key: value for key, value in arguments.items() if key != "task"}
    if choices.get("csv") == CSV_FILE:
        choices["csv"] = HERE / CSV_FILE
    task = arguments["task"]
    if task.startswith(TASK_FILE):
        task = str(HERE / task)
    return diffqas.search(task, **choices, output=folder, quiet=True)


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """What is printed goes into a text, as on a terminal of 100 columns without colours."""
    text = io.StringIO()
    look = {"COLUMNS": "100", "LINES": "50", "NO_COLOR": "1"}
    with mock.patch.dict(os.environ, look), contextlib.redirect_stdout(text):
        yield text


def shown(folder: Path) -> str:
    """What `diffqas show` prints of a folder, which is named without the folders above it."""
    with contextlib.chdir(folder.parent), quiet() as text:
        main(["show", folder.name])
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def listed(folder: Path) -> list[dict[str, Any]]:
    """What `list_runs` says of a folder and all below, without times and places."""
    rows = [run.to_json() for run in list_runs(folder)]
    return [
        {key: value for key, value in row.items() if key not in ("path", "created", "seconds")}
        for row in rows
    ]


def record(folder: Path) -> dict[str, Any]:
    """What a finished run left: files, figures, circuits and tensors, without times."""
    return {
        "files": sorted(path.name for path in folder.iterdir() if path.is_file()),
        "result": result(folder),
        "records": records(folder),
        "circuits": {
            path.name: path.read_text("utf-8") for path in sorted(folder.glob("circuit*.qasm"))
        },
        "tensors": {name: described(tensor) for name, tensor in tensors(folder).items()},
    }


def result(folder: Path) -> dict[str, Any]:
    """The content of result.json without times, and without networks beside it, which have some."""
    content = json.loads((folder / "result.json").read_text("utf-8"))
    return {key: value for key, value in content.items() if key not in ("seconds", "baselines")}


def records(folder: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl."""
    lines = (folder / "metrics.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor of the exported models, the trained numbers and the stored predictions."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.safetensors")):
        found[path.name] = load_file(path)
    found["checkpoint.pt"] = _state(folder / "checkpoint.pt")["population"]
    if (folder / "predictions.pt").exists():
        found["predictions.pt"] = _state(folder / "predictions.pt")
    return dict(_flat(found))


def _state(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(part, f"{name}/{key}" if name else str(key))


def described(tensor: torch.Tensor) -> dict[str, Any]:
    """A tensor's form, checksum and first numbers."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "sha256": hashlib.sha256(flat.view(torch.uint8).numpy().tobytes()).hexdigest(),
        "first": flat[:SHOWN].tolist(),
    }


def differences(
    wanted: Any, found: Any, exact: bool, place: str = "", size: float = 0.0
) -> list[str]:
    """Where something differs from what was recorded; what has been added since is none.

    Args:
        wanted: as recorded.
        found: as it is now.
        exact: bit by bit; if not, numbers may differ by `TOLERANCE`, and checksums at all.
        place: name of what is compared.
        size: of the largest number beside it.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        return _of_mappings(wanted, found, exact, place)
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        size = max((abs(value) for value in wanted if isinstance(value, float)), default=0.0)
        pairs = enumerate(zip(wanted, found, strict=True))
        return [
            line
            for index, (one, other) in pairs
            for line in differences(one, other, exact, f"{place}[{index}]", size)
        ]
    if equal(wanted, found, exact, size):
        return []
    return [f"{place}: {found!r}, not {wanted!r}"]


def _of_mappings(
    wanted: dict[str, Any], found: dict[str, Any], exact: bool, place: str
) -> list[str]:
    lines = []
    for key, value in wanted.items():
        where = f"{place}.{key}" if place else key
        if key not in found:
            lines.append(f"{where}: missing")
        elif exact or key != "sha256":
            lines += differences(value, found[key], exact, where)
    return lines


def equal(wanted: Any, found: Any, exact: bool, size: float = 0.0) -> bool:
    """Whether two values that are no containers are equal, or nearly so."""
    if isinstance(wanted, str) and isinstance(found, str):
        return wanted == found if exact else _texts_close(wanted, found)
    if isinstance(wanted, float) and isinstance(found, float):
        if math.isnan(wanted) or math.isnan(found):
            return math.isnan(wanted) and math.isnan(found)
        return wanted == found if exact else _close(wanted, found, size)
    return type(wanted) is type(found) and wanted == found


def _close(wanted: float, found: float, size: float = 0.0) -> bool:
    return abs(found - wanted) <= max(TOLERANCE * max(abs(wanted), size), SMALL)


def _texts_close(wanted: str, found: str) -> bool:
    """Equal but for the numbers that stand in them, and these nearly so."""
    if NUMBER.sub("#", wanted) != NUMBER.sub("#", found):
        return False
    pairs = zip(NUMBER.findall(wanted), NUMBER.findall(found), strict=True)
    return all(_close(_number(one), _number(other)) for one, other in pairs)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def text_of(fixture: dict[str, Any]) -> str:
    """JSON with one line for each entry of a fixture, and for each of an entry's own."""
    parts = [f"{json.dumps(key)}: {_lines(value)}" for key, value in fixture.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, dict) and value:
        inner = [f"{json.dumps(key)}: {json.dumps(part)}" for key, part in value.items()]
        return "{\n " + ",\n ".join(inner) + "\n}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n " + ",\n ".join(json.dumps(part) for part in value) + "\n]"
    return json.dumps(value)
