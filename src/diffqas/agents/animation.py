"""Episodes to look at: an animation in a file, and states in the terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.color import Color
from rich.style import Style
from rich.text import Text

from diffqas.agents.play import COLORS
from diffqas.storage import write_through

Picture = NDArray[np.uint8]
Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

SIDE = 320
"""Pixels: the longer side of an animation, about."""

COLUMNS, ROWS = 60, 30
"""Characters: the most that a picture takes in the terminal."""

SLOWEST, FASTEST, LONGEST = 4.0, 50.0, 20.0
"""Frames per second, and seconds after which an animation should be over."""

HOLD = 2_000
"""Milliseconds for which the last frame stays."""

_PAPER, _INK, _STRIP, _MARGIN = "white", "black", 18, 4
_PALETTE_FRAMES = 16

_SYMBOLS = {
    "W": "██",
    "F": "░░",
    "D": "▮ ",
    "L": "▣ ",
    "O": "▯ ",
    "K": "⚷ ",
    "A": "● ",
    "B": "■ ",
    "G": "★ ",
    "V": "≈≈",
    ">": "► ",
    "v": "▼ ",
    "<": "◄ ",
    "^": "▲ ",
}
_STYLES = dict(
    zip(
        COLORS,
        ("bright_red", "bright_green", "bright_blue", "magenta", "bright_yellow", "bright_black"),
        strict=True,
    )
)
_SHADES = " ░▒▓█"


def pace(count: int) -> float:
    """Frames per second for so many frames; more if the animation would last too long otherwise.

    >>> pace(6), pace(501)
    (4.0, 25.05)
    """
    return min(max(SLOWEST, count / LONGEST), FASTEST)


def save_animation(
    frames: Sequence[Picture],
    path: Path,
    captions: Sequence[str] = (),
    fps: float = SLOWEST,
    side: int = SIDE,
) -> None:
    """Write an animated GIF that repeats and shows its last frame longer.

    Args:
        frames: at least one picture, all of one size, (height, width, 3).
        path: the file.
        captions: a line below each frame; without captions there is no strip for them.
        fps: frames per second.
        side: the longer side in pixels. Larger pictures are reduced to it, smaller ones are
            enlarged by whole factors.

    Raises:
        RunError: the file cannot be written.
    """
    shown = _palette_images(frames, captions, side)
    # A GIF counts in hundredths of a second.
    duration = round(100 / fps) * 10
    durations = [duration] * (len(shown) - 1) + [HOLD]

    def write(buffer: io.BytesIO) -> None:
        shown[0].save(
            buffer, "GIF", save_all=True, append_images=shown[1:], duration=durations, loop=0
        )

    write_through(path, write)


def terminal_frame(
    text: str,
    frame: Picture | None = None,
    color: bool = True,
    columns: int = COLUMNS,
    rows: int = ROWS,
) -> Text:
    """Draw a state of an environment in characters.

    Args:
        text: a grid as of `diffqas.agents.play.grid_text`; if it is empty, the picture is drawn.
        frame: the picture, (height, width, 3).
        color: whether the terminal has colours; if not, a picture is drawn in shades of brightness.
        columns: the most characters that a picture has in a line.
        rows: the most lines that a picture has.
    """
    if text:
        return _grid(text)
    if frame is None:
        return Text("")
    return _blocks(frame, columns, rows) if color else _shades(frame, columns, rows)


def _palette_images(
    frames: Sequence[Picture], captions: Sequence[str], side: int
) -> list[Image.Image]:
    """The frames as they are shown, all with one palette so that nothing flickers.

    The colours of the palette are those of a few frames.
    """
    lines = list(captions) or [""] * len(frames)
    font = ImageFont.load_default()
    width = max((int(font.getlength(line)) + 2 * _MARGIN for line in captions), default=0)

    def drawn(index: int) -> Image.Image:
        return _captioned(_scaled(frames[index], side), lines[index], font, width)

    chosen = sorted({round(at) for at in np.linspace(0, len(frames) - 1, _PALETTE_FRAMES)})
    stack = np.concatenate([np.asarray(drawn(index)) for index in chosen])
    palette = Image.fromarray(stack).quantize(256, method=Image.Quantize.MEDIANCUT)
    count = len(frames)
    return [
        drawn(index).quantize(palette=palette, dither=Image.Dither.NONE) for index in range(count)
    ]


def _scaled(frame: Picture, side: int) -> Image.Image:
    image, longer = Image.fromarray(frame), max(frame.shape[:2])
    if longer > side:
        return image.resize(_fitting(image, side, side), Image.Resampling.HAMMING)
    factor = side // longer
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _captioned(image: Image.Image, line: str, font: Font, width: int) -> Image.Image:
    """The image above a strip with a line of text.

    The strip is at least `width` wide; there is none if `width` is 0.
    """
    if not width:
        return image
    whole = Image.new("RGB", (max(image.width, width), image.height + _STRIP), _PAPER)
    whole.paste(image, ((whole.width - image.width) // 2, 0))
    ImageDraw.Draw(whole).text((_MARGIN, image.height + _MARGIN), line, fill=_INK, font=font)
    return whole


def _fitting(image: Image.Image, width: int, height: int) -> tuple[int, int]:
    """The largest size with the image's proportions that fits into a frame."""
    factor = min(width / image.width, height / image.height)
    return max(1, round(image.width * factor)), max(1, round(image.height * factor))


def _grid(text: str) -> Text:
    result = Text(no_wrap=True)
    rows = text.split("\n")
    carried = rows.pop()[1:] if rows[-1].startswith("+") else ""
    for number, row in enumerate(rows):
        result.append("\n" if number else "")
        for at in range(0, len(row), 2):
            _add(result, row[at : at + 2])
    if carried:
        result.append("\ncarries ")
        _add(result, carried)
    return result


def _add(result: Text, cell: str) -> None:
    if cell == "  ":
        result.append(cell)
        return
    kind, color = cell[0], _STYLES[COLORS[int(cell[1])]]
    style = f"bold {color}"
    if kind == "V":
        style = "bright_white on dark_orange3"
    elif kind == "W":
        style = color
    result.append(_SYMBOLS.get(kind, "? "), style)


def _small(frame: Picture, columns: int, rows: int) -> Picture:
    """A picture (even, columns, 3) with two pixels for each character, one above the other."""
    image = Image.fromarray(frame)
    width, height = _fitting(image, columns, 2 * rows)
    small = np.asarray(image.resize((width, height), Image.Resampling.BOX))
    return np.concatenate([small, small[-1:]]) if height % 2 else small


def _blocks(frame: Picture, columns: int, rows: int) -> Text:
    small, result = _small(frame, columns, rows), Text(no_wrap=True)
    for row in range(0, len(small), 2):
        result.append("\n" if row else "")
        pairs = zip(small[row].tolist(), small[row + 1].tolist(), strict=True)
        for (upper, lower), same in groupby(pairs):
            result.append(
                "▀" * len(list(same)),
                Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)),
            )
    return result


def _shades(frame: Picture, columns: int, rows: int) -> Text:
    dark = 255 - _small(frame, columns, rows).mean(axis=2)
    levels = ((dark[::2] + dark[1::2]) / 2 / 256 * len(_SHADES)).astype(int)
    return Text(
        "\n".join("".join(_SHADES[level] for level in row).rstrip() for row in levels), no_wrap=True
    )
