"""The page in a browser: it draws, its controls work, and nothing is wider than a phone."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from diffqas.reports.page import Chart, Circuit, Line, Place, RunPage, Table, Weights, band, build

webdriver = pytest.importorskip(
    "selenium.webdriver", reason="the page is tried in a browser by selenium"
)

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")
if BROWSER is None or DRIVER is None:
    pytest.skip(
        "no chromium with its chromedriver here: apt-get install chromium chromium-driver",
        allow_module_level=True,
    )

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def opened(driver, tmp_path):
    """Opens a page of some runs in a window of some size."""

    def call(pages, size=WIDE, dark=False):
        path = tmp_path / "report.html"
        path.write_text(build(pages), encoding="utf-8")
        metrics = {
            "width": size[0],
            "height": size[1],
            "deviceScaleFactor": 1,
            "mobile": size is PHONE,
        }
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        driver.get(path.as_uri())
        driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        )
        return driver

    yield call
    assert driver.get_log("browser") == []


def page(name="a", scale=1.0):
    epochs, rng = list(range(1, 21)), np.random.default_rng(0)
    mse = scale * np.exp(-0.3 * np.arange(20))[:, None] * rng.uniform(0.5, 1.5, (20, 3))
    lines = [band("train", epochs, mse, "truth"), band("test", epochs, 2 * mse, "prediction")]
    weights = rng.normal(size=(20, 12)).round(3)
    names = [f"H-Ring-R{index}" for index in range(12)]
    places = [
        Place(place, names, [False] * 9 + [True] * 3, weights.tolist())
        for place in ("policy", "value")
    ]
    x = [float(at) for at in range(50)]
    series = {
        epoch: Chart(
            "prediction",
            "",
            "window",
            [Line("truth", x, x), Line("prediction", x, [epoch * at for at in x])],
        )
        for epoch in (1, 15)
    }
    wide = Table(
        ("model", "test mse", "remark"),
        [("this run", "1.0e-08 (1e-09 .. 1e-07, 3 seeds)", 20 * "word ")],
        0,
    )
    return RunPage(
        name,
        "bessel",
        "qt",
        "One sentence.",
        True,
        tiles={"test mse": "1.0e-08 (1e-09 .. 1e-07, 3 seeds)", "parameters": 30 * "number "},
        results=wide,
        charts=[Chart("mse", "mse", "epoch", lines, log=True)],
        weights=Weights("epoch", epochs, places),
        predictions=series,
        circuits=[Circuit("circuit.qasm", "OPENQASM 3.0;", "A", "q0 " + 200 * "─")],
        ranking=wide,
        leaders=wide,
        settings={"candidates": 60 * "H-Ring-RX, ", "long": 300 * "x"},
        command="diffqas search bessel " + 40 * "--flag ",
        remarks=[300 * "y"],
        failures=["Seed 3: " + 300 * "z"],
    )


def value(driver, number=0):
    return driver.find_elements("css selector", "#weights-0-bars .value")[number].text


def moved(driver, slider, position):
    script = (
        "arguments[0].value = arguments[1];"
        " arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    )
    driver.execute_script(script, slider, position)


def test_everything_is_drawn(opened):
    driver = opened([page()])
    for identity, count in (("chart-0-0", 2), ("weights-0-lines", 12), ("predictions-0-chart", 2)):
        paths = driver.find_elements("css selector", f"#{identity} path.line")
        assert len(paths) == count
        assert all(path.get_attribute("d").startswith("M") for path in paths)
        assert "NaN" not in driver.find_element("id", identity).get_attribute("innerHTML")
    assert len(driver.find_elements("css selector", "#chart-0-0 path.band")) == 2
    assert len(driver.find_elements("css selector", "#weights-0-bars .bar")) == 12


def test_the_slider_changes_the_bars(opened):
    driver, values = opened([page()]), page().weights.places[0].values
    slider = driver.find_element("id", "weights-0-slider")
    for step in (19, 0, 7):
        moved(driver, slider, step)
        assert float(value(driver).replace("−", "-")) == pytest.approx(values[step][0])
        assert driver.find_element("id", "weights-0-shown").text == f"epoch {step + 1}"
    width = driver.execute_script(
        "return document.querySelector('#weights-0-bars .fill').style.width"
    )
    every = np.array(values)
    span = max(0, every.max()) - min(0, every.min())
    assert float(width.rstrip("%")) == pytest.approx(100 * abs(values[7][0]) / span, rel=1e-3)


def test_sliders_and_play_answer_to_keys(opened):
    driver = opened([page()])
    slider = driver.find_element("id", "weights-0-slider")
    slider.send_keys("\ue012")  # left arrow
    assert driver.find_element("id", "weights-0-shown").text == "epoch 19"
    play = driver.find_element("id", "weights-0-play")
    play.send_keys(" ")
    assert play.text == "Pause"
    driver.set_script_timeout(10)
    wait = (
        "const done = arguments[0], shown = document.getElementById('weights-0-shown'),"
        " look = () => shown.textContent === 'epoch 20' ? done(true) : setTimeout(look, 20);"
        " look();"
    )
    assert driver.execute_async_script(wait)
    assert play.text == "Play"


def test_another_place_and_another_epoch(opened):
    driver = opened([page()])
    driver.execute_script(
        "const picker = document.getElementById('weights-0-place'); picker.value = '1';"
        "picker.dispatchEvent(new Event('change'))"
    )
    assert float(value(driver, 3).replace("−", "-")) == pytest.approx(
        page().weights.places[1].values[-1][3]
    )
    line = "return document.querySelectorAll('#predictions-0-chart path.line')[1].getAttribute('d')"
    before = driver.execute_script(line)
    moved(driver, driver.find_element("id", "predictions-0-slider"), 0)
    assert driver.find_element("id", "predictions-0-shown").text == "epoch 1"
    assert driver.execute_script(line) != before


def test_runs_are_shown_and_hidden(opened):
    driver = opened([page("a"), page("b", 0.1), replace(page("c", 0.01), charts=())])
    lines = "#overlay-0 path.line"
    assert len(driver.find_elements("css selector", lines)) == 2
    box = driver.find_element("id", "show-1")
    box.send_keys(" ")
    assert not driver.find_element("id", "run-1").is_displayed()
    assert driver.find_element("id", "run-0").is_displayed()
    assert len(driver.find_elements("css selector", lines)) == 1
    driver.find_element("id", "show-0").click()
    assert not driver.find_elements("css selector", lines)
    box.send_keys(" ")
    assert driver.find_element("id", "run-1").is_displayed()
    assert len(driver.find_elements("css selector", lines)) == 1


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("count", [1, 3])
def test_nothing_is_wider_than_the_window(opened, size, count):
    driver = opened([page(f"{name}{40 * name}") for name in "abc"[:count]], size)
    driver.execute_script(
        "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    root = "document.scrollingElement"
    assert driver.execute_script(f"return {root}.scrollWidth") <= driver.execute_script(
        f"return {root}.clientWidth"
    )


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_table_is_cut(opened, size):
    head = ("place", "candidate", "contribution", "weight", "rank", "remark")
    name = "a_circuit_whose_name_is_very_long_" * 3
    rows = [("forget", name, "0.1479", "0.9743 (+-+)", "1.5 (1 .. 2)", f"the same as {name}")]
    table = Table(head, rows, numeric=(2, 3, 4))
    tiles = {f"figure {number}": "1.00e-08 (1e-09 .. 1e-07, 12 seeds)" for number in range(5)}
    pages = [
        replace(page(run), ranking=table, leaders=table, tiles=tiles, task=name)
        for run in ("a", name)
    ]
    driver = opened(pages, size)
    driver.execute_script(
        "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    cut = (
        "return [...document.querySelectorAll('.scroll:has(table)')]"
        ".filter((each) => each.scrollWidth > each.clientWidth + 1)"
        ".map((each) => each.getAttribute('aria-label'))"
    )
    assert driver.execute_script(cut) == []


def test_dark_and_light(opened):
    script = (
        "return getComputedStyle(document.body).backgroundColor"
        " + getComputedStyle(document.body).color"
    )
    light = opened([page()]).execute_script(script)
    dark = opened([page()], dark=True).execute_script(script)
    assert (light, dark) == (
        "rgb(246, 247, 249)rgb(27, 35, 48)",
        "rgb(18, 22, 29)rgb(230, 234, 240)",
    )


def test_every_control_has_a_name(opened):
    driver = opened([page("a"), page("b")])
    for control in driver.find_elements("css selector", "button, input, select"):
        assert control.accessible_name


def test_a_pointer_reads_values(opened):
    driver = opened([page()])
    driver.execute_script(
        "const svg = document.querySelector('#chart-0-0 svg'), box = svg.getBoundingClientRect();"
        "svg.dispatchEvent(new PointerEvent('pointermove',"
        " {clientX: box.right - 13, clientY: box.top + 50}))"
    )
    readout = driver.find_element("css selector", "#chart-0-0 .readout")
    assert readout.is_displayed()
    assert readout.text.startswith("epoch 20\ntrain ")


def test_one_point_and_no_numbers(opened):
    empty = Line("test", [1.0, 2.0], [None, None])
    odd = [
        Chart("mse", "mse", "epoch", [empty], log=True),
        Chart("accuracy", "accuracy", "epoch", [Line("test", [1.0], [0.5])]),
    ]
    weights = Weights("epoch", [1], [Place("", ["A"], [False], [[None]])])
    driver = opened([replace(page(), charts=odd, weights=weights)])
    assert len(driver.find_elements("css selector", "#chart-0-1 circle.point")) == 1
    assert value(driver) == "–"
    assert "NaN" not in driver.find_element("css selector", "main").get_attribute("innerHTML")
