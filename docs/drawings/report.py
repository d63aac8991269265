"""Draws docs/pictures/report.png and report-run.png: parts of the page of two runs.

    diffqas search bessel --seeds 3 --output runs/three
    diffqas search bessel --seeds 3 --recipe paper --output runs/three-paper
    python docs/drawings/report.py runs/three runs/three-paper

It needs Chromium or Chrome, found by its name on the PATH; CHROME may name another program.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

from diffqas.runs import report_runs

PICTURES = Path(__file__).parents[1] / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTH, HEIGHT = 1160, 2000
MARGIN = 12

HEAD = "article, .comparison section:last-child, footer { display: none; } main { padding: 0; }"
"""Style that leaves the comparison's results and curves."""

RUN = (
    ".comparison, article:not(#run-0), #run-0 > *, footer { display: none; }"
    "#run-0 { border: 0 !important; margin: 0 !important; padding: 0 !important; }"
    "#run-0 > section:has(.slider) { display: block; } main { padding: 0; }"
)
"""Style that leaves the parts of the first run that have a slider."""

MOVED = """
for (const [name, place] of [["weights-0", 29], ["predictions-0", 0]]) {
  const slider = document.getElementById(`${name}-slider`);
  slider.value = place;
  slider.dispatchEvent(new Event("input"));
}
"""
"""Weights after epoch 30, predictions after the first stored epoch."""


def browser() -> str:
    """The program that draws."""
    named = [os.environ.get("CHROME", ""), *BROWSERS]
    found = next(filter(None, map(shutil.which, named)), None)
    if found is None:
        raise SystemExit(f"None of {', '.join(BROWSERS)} is on the PATH; name one by CHROME.")
    return found


def draw(page: str, style: str, script: str, picture: Path) -> None:
    """A part of the page, cut below its last row."""
    with tempfile.TemporaryDirectory() as folder:
        part, shot = Path(folder, "part.html"), Path(folder, "shot.png")
        added = f"<style>{style} body {{ padding: {MARGIN}px; }}</style><script>{script}</script>"
        part.write_text(page.replace("</body>", f"{added}</body>"), encoding="utf-8")
        command = [browser(), *FLAGS, f"--user-data-dir={folder}/profile"]
        command += [f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=3000"]
        command += [f"--screenshot={shot}", part.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
        with Image.open(shot) as whole:
            image = whole.convert("RGB")
    # What lies below the content has the colour of the page.
    empty = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    box = ImageChops.difference(image, empty).getbbox()
    assert box is not None
    image.crop((0, 0, image.width, box[3] + MARGIN)).quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    runs = sys.argv[1:]
    if len(runs) != 2:
        raise SystemExit("Name the two runs.")
    with tempfile.TemporaryDirectory() as folder:
        target, _ = report_runs(runs, Path(folder, "report.html"))
        page = target.read_text(encoding="utf-8")
    draw(page, HEAD, "", PICTURES / "report.png")
    draw(page, RUN, MOVED, PICTURES / "report-run.png")
