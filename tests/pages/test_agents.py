"""Tables of the page on agents, and what their tests say."""

import re

import pytest
from committed import (
    DOCS,
    NUMBER,
    agrees,
    beside,
    cell,
    cells_of,
    check,
    counted,
    lines_of,
    shown,
    table,
    text_of,
)

AGENTS = {
    "search": "search-raw",
    "search, softmax weights": "search-softmax",
    "search, Gumbel-softmax weights": "search-gumbel",
    "networks trained directly": "direct-networks",
    "hashed vector": "hashed-vector",
    "ordinary small networks": "ordinary-small-network",
    "a random one of the twelve": "random-candidate",
    "uniform distribution (candidates 1, 3, 4, 6)": "candidates-1-3-4-6-uniform",
    "all on 0..0 (candidates 9, 12)": "candidates-9-12-zero",
    "frozen random circuits": "frozen-circuit",
    "random policy": "random-policy",
} | {f"candidate {number} alone": f"candidate-{number}" for number in (2, 5, 7, 8, 10, 11)}


@pytest.mark.parametrize("size", ["5x5", "6x6"])
def test_agents(size):
    rows = table("agents.md", [f"MiniGrid-Empty-{size}", "seeds x episodes", "last 5,000"])
    dataset = f"minigrid-empty-{size}"
    assert len(rows) == len(cells_of("figures-13-14", dataset))
    for row in rows:
        title = row[f"MiniGrid-Empty-{size}"]
        (name, count), *_ = [*re.findall(r"^(.*), ([\d,]+)(?: numbers)?$", title), (title, "")]
        found = cell("figures-13-14", dataset, AGENTS[name])
        assert check(row["episodes 4,001 to 5,000"], found, "test_reward")
        if row["last 5,000"]:
            assert agrees(row["last 5,000"], found["mean_reward"]), row
        passed = row["0.9 passed after"]
        never = found.get("passed", []).count(None)
        if "never" in passed:
            assert never >= 2
        elif passed:
            assert never == 0
            assert agrees(passed, found["passed"]), row
        counted(count, found)


@pytest.mark.parametrize("size", ["5x5", "6x6"])
def test_how_soon_agents_learn(size):
    rows = table("agents.md", ["beside the search", "5x5", "p in 5x5", "6x6", "p in 6x6"])
    names = [AGENTS[row[""]] for row in rows]
    dataset = f"minigrid-empty-{size}"
    found = beside("figures-13-14", dataset, names, "search-raw", "passed")
    for row, (ratio, p) in zip(rows, found.values(), strict=True):
        assert shown(ratio, row[size]), row
        assert shown(p, row[f"p in {size}"]), row
    # Every row of ten seeds is there.
    every = cells_of("figures-13-14", dataset)
    ten = {name for name in every if len(cell("figures-13-14", dataset, name)["seeds"]) > 3}
    assert ten == {"search-raw", *names}


def test_no_reward_of_an_agent_is_told_apart():
    rows = [row for row in lines_of("figures-13-14") if row["p_holm"]]
    trained = [row for row in rows if row["row"] != "random policy"]
    assert {row["verdict"] for row in trained} == {"undecided"}
    assert min(float(row["p_holm"]) for row in trained) > 0.19


TUNED = {
    "search": "search-raw",
    "candidate 8": "candidate-8",
    "uniform distribution": "candidates-1-3-4-6-uniform",
    "frozen circuits": "frozen-circuit",
    "hashed vector": "hashed-vector",
    "networks directly": "direct-networks",
}


def test_settings_of_agents():
    rows = table("agents.md", ["lr, entropy, clip", *TUNED])
    held = 0
    for row in rows:
        lr, entropy, clip = NUMBER.findall(row[""])
        for head, name in TUNED.items():
            setting = f"lr-{lr}-entropy-{entropy}-clip-{clip}"
            found = cell("agents-tuning", "minigrid-empty-5x5", f"{name}-{setting}")
            reward, _, passed = row[head].rstrip(")").partition(" (")
            assert agrees(reward, found["test_mean_reward"])
            said = [None if one == "–" else int(one) for one in passed.split(", ")]
            assert said == found["passed"], (row[""], head)
            held += 1
    assert held == len(cells_of("agents-tuning", "minigrid-empty-5x5"))


def test_centred_observations():
    text = text_of("agents.md")
    (sentence,) = re.findall(
        r"the default passes 0\.9 after (.*?) \(mean of the last 500: (.*?)\)", text
    )
    counts, rewards = (re.findall(r"\d+(?:\.\d+)?", part) for part in sentence)
    default, centred, raw = (
        cell("agents-factors", "minigrid-empty-6x6", name)
        for name in ("default", "centred-not-shrunk", "raw-observations")
    )
    assert [int(count) for count in counts] == [*default["passed"], *centred["passed"]]
    assert raw["passed"] == [None] * 4
    assert shown(min(raw["mean_reward"]), rewards[0])
    assert shown(max(raw["mean_reward"]), rewards[1])


ROOMS = {
    "Empty-8x8": "minigrid-empty-8x8",
    "Empty-Random-5x5": "minigrid-empty-random-5x5",
    "DoorKey-5x5": "minigrid-doorkey-5x5",
    "LavaGapS5": "minigrid-lavagap-s5",
    "FourRooms": "minigrid-fourrooms",
    "CartPole-v1": "cartpole",
}


def test_rooms():
    text = (DOCS / "agents.md").read_text("utf-8")
    words = ["search-raw", "hashed-vector", "ordinary-small-network", "direct-networks"]
    for room, dataset in ROOMS.items():
        (line,) = re.findall(rf"^\| {room}\b.*$", text, re.MULTILINE)
        parts = [part.strip() for part in line.strip("|").split("|")][1:]
        for place, word in enumerate(words):
            found = cell("rooms", dataset, word)
            assert check(parts[2 * place], found, "test_reward"), (room, word)
            passed = [value for value in found["passed"] if value is not None]
            said = [int(one.replace(",", "")) for one in NUMBER.findall(parts[2 * place + 1])]
            if said and room != "CartPole-v1":
                assert (min(said), max(said)) == (min(passed), max(passed)), (room, word)
                assert ("–" in parts[2 * place + 1]) == (None in found["passed"])
        assert check(parts[8], cell("rooms", dataset, "random-policy"), "test_reward")


def test_policies_that_are_circuits():
    heads = {
        "after 200,000 steps of each seed": "policies-cartpole",
        "after 50,000": "policies-cartpole-soon",
    }
    rows = table("agents.md", ["numbers", *heads])
    names = cells_of("policies-cartpole", "cartpole")
    held = set()
    for row in rows:
        for head, study in heads.items():
            fitting = []
            for name in sorted(names):
                found = cell(study, "cartpole", name)
                if found and str(found["trainable"]) == row["numbers"]:
                    fitting += [name] * agrees(row[head], found["test_reward"])
            assert fitting, (row, head)
            held.update(fitting)
    assert len(held) >= len(rows)


def test_few_numbers_in_minigrid():
    heads = ["numbers", "after episodes", "reward of the last 100"]
    slugs = ["search-one-qubit", "frozen-circuits", "ordinary-small-network"]
    rows = table("agents.md", heads)
    for row, name in zip(rows, slugs, strict=True):
        found = cell("policies-minigrid", "minigrid-empty-5x5", name)
        assert check(row["after episodes"], found, "passed")
        assert check(row["reward of the last 100"], found, "test_reward")
        counted(row["numbers"], found)
