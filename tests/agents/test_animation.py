"""Animations, and states in the terminal."""

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from diffqas.agents.animation import HOLD, pace, save_animation, terminal_frame
from diffqas.errors import RunError


def frames(count, height=8, width=8):
    """A red pixel that moves to the right on blue."""
    result = np.full((count, height, width, 3), (0, 0, 255), np.uint8)
    for index in range(count):
        result[index, 0, index] = (255, 0, 0)
    return list(result)


def stored(path):
    """Images and durations of a file."""
    with Image.open(path) as image:
        assert image.format == "GIF"
        assert image.info["loop"] == 0
        images, durations = [], []
        for index in range(image.n_frames):
            image.seek(index)
            durations.append(image.info["duration"])
            images.append(np.asarray(image.convert("RGB")).astype(int))
        return images, durations


def test_frames_are_what_was_drawn(tmp_path):
    save_animation(frames(4), tmp_path / "play.gif", fps=10)
    images, durations = stored(tmp_path / "play.gif")
    assert durations == [100, 100, 100, HOLD]
    for index, image in enumerate(images):
        assert image.shape == (320, 320, 3)  # 40 times as large
        np.testing.assert_allclose(image[::40, ::40], frames(4)[index], atol=8)
        np.testing.assert_allclose(
            image[:40, 40 * index : 40 * (index + 1)],
            np.broadcast_to((255, 0, 0), (40, 40, 3)),
            atol=8,
        )
    assert [path.name for path in tmp_path.iterdir()] == ["play.gif"]


def test_captions_stand_below(tmp_path):
    captions = ["step 0/2", "step 1/2  forward  reward 0", "step 2/2  forward  reward 0.955"]
    same = frames(1) * 3
    save_animation(same, tmp_path / "play.gif", captions)
    images, durations = stored(tmp_path / "play.gif")
    assert durations == [250, 250, HOLD]
    ink = [(image[320:].mean(axis=2) < 128).sum() for image in images]
    assert 0 < ink[0] < ink[1] < ink[2]
    assert all(image.shape[1] == 320 and 330 < image.shape[0] < 345 for image in images)


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (160, 160, (320, 320)),
        (400, 600, (213, 320)),
        (200, 100, (200, 100)),
        (700, 10, (320, 5)),
        (2, 1, (320, 160)),
    ],
)
def test_sizes(height, width, size, tmp_path):
    save_animation([np.zeros((height, width, 3), np.uint8)], tmp_path / "play.gif")
    with Image.open(tmp_path / "play.gif") as image:
        assert (image.height, image.width) == size


def test_a_narrow_picture_has_room_for_its_caption(tmp_path):
    save_animation(
        [np.zeros((320, 10, 3), np.uint8)],
        tmp_path / "play.gif",
        ["step 100/100  forward  reward 0.955"],
    )
    (image,), _ = stored(tmp_path / "play.gif")
    assert image.shape[1] > 100
    assert (image[320:, -4:] == image[-1, -1]).all()  # nothing is cut off


def test_a_long_animation_is_quicker_and_keeps_every_frame(tmp_path):
    assert pace(6) == 4
    assert pace(501) == pytest.approx(25, abs=0.1)
    assert pace(10_000) == 50
    save_animation(
        frames(60, 2, 64),
        tmp_path / "play.gif",
        [f"step {index}" for index in range(60)],
        pace(10_000),
    )
    assert stored(tmp_path / "play.gif")[1] == [20] * 59 + [HOLD]


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(RunError, match="Cannot write"):
        save_animation(frames(1), tmp_path / "nowhere" / "play.gif")


def lines(text, **options):
    console = Console(width=80, **options)
    with console.capture() as capture:
        console.print(text)
    return capture.get().splitlines()


def test_a_grid_in_characters():
    text = "W5W5W5W5W5W5\nW5>0K4L2O1D3\n  v0<0^0A2B5\nF1G1V0?5  W5\n+K4"
    assert lines(terminal_frame(text)) == [
        "████████████",
        "██► ⚷ ▣ ▯ ▮ ",
        "  ▼ ◄ ▲ ● ■ ",
        "░░★ ≈≈?   ██",
        "carries ⚷ ",
    ]


def test_a_grid_has_colors():
    (line,) = lines(terminal_frame("K4D2>0"), force_terminal=True, color_system="standard")
    assert line == "\x1b[1;93m⚷ \x1b[0m\x1b[1;94m▮ \x1b[0m\x1b[1;91m► \x1b[0m"


def test_pictures_are_two_pixels_a_character():
    picture = np.array([[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (9, 9, 9)]], np.uint8)
    options = {"force_terminal": True, "color_system": "truecolor"}
    assert lines(terminal_frame("", picture, columns=2, rows=9), **options) == [
        "\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[0m\x1b[38;2;0;255;0;48;2;9;9;9m▀\x1b[0m"
    ]


@pytest.mark.parametrize(("height", "width"), [(400, 600), (600, 400), (33, 7), (5, 900)])
@pytest.mark.parametrize("color", [True, False])
def test_pictures_fit(height, width, color):
    drawn = terminal_frame(
        "", np.zeros((height, width, 3), np.uint8), color, columns=60, rows=30
    ).plain.split("\n")
    assert len(drawn) <= 30
    assert max(map(len, drawn)) <= 60
    assert len(drawn) == 30 or len(drawn[0]) == 60


def test_without_colors_a_picture_is_dark_where_it_is_dark():
    picture = np.full((4, 4, 3), 255, np.uint8)
    picture[2:, 1:3] = 0
    assert terminal_frame("", picture, color=False, columns=4, rows=2).plain == "\n ██"


def test_no_picture():
    assert terminal_frame("").plain == ""
