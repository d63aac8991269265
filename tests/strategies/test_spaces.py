"""Spaces of architectures: numbers, genes, neighbours."""

import pytest

from diffqas.errors import ArgumentError
from diffqas.strategies import SPACES

ALL = list(SPACES.values())


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_numbers_and_values_are_inverse(space):
    assert [space.number(space.values(number)) for number in range(len(space))] == list(
        range(len(space))
    )


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_titles_are_different_and_found(space):
    assert len(set(space.titles)) == len(space)
    assert space.find(space.titles[-1]) == len(space) - 1


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_neighbours_differ_in_one_gene_and_know_each_other(space):
    centre = len(space) // 2
    found = space.neighbours(centre)
    assert len(found) == sum(size - 1 for size in space.sizes)
    for other in found:
        pairs = zip(space.values(centre), space.values(other), strict=True)
        assert sum(one != two for one, two in pairs) == 1
        assert centre in space.neighbours(other)


def test_an_encoded_architecture_is_its_candidate():
    space = SPACES["encoded"]
    for number in (0, 7, 93, 479):
        values = space.values(number)
        words = [gene.values[value] for gene, value in zip(space.genes, values, strict=True)]
        assert space.title(number) == f"{words[0]}/{words[1]}-{words[2]}"


def test_two_qubit_gates_are_those_of_all_layers():
    encoded, layered = SPACES["encoded"], SPACES["layered"]
    assert encoded.two_qubit_gates(encoded.find("RY/Ring-RY")) == 2 * 4
    assert encoded.two_qubit_gates(encoded.find("RY/None-RY")) == 0
    assert layered.two_qubit_gates(layered.find("|0> Ring-RY Star-RX")) == 15 * (8 + 7)


@pytest.mark.parametrize("wrong", [-1, 480, 1.0, True])
def test_an_architecture_that_is_not_there(wrong):
    with pytest.raises(ArgumentError, match="number from 0 to 479"):
        SPACES["encoded"].values(wrong)
    with pytest.raises(ArgumentError, match="name of the space encoded"):
        SPACES["encoded"].find("RY/Ent-RQ")
