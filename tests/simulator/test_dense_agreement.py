"""Every fast form against the dense simulator: values, gradients and shapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas.circuits import TABLE_I
from diffqas.simulator import probabilities

KINDS = ["real", "walsh", "constant", "complex", "mixed"]


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=25)
def test_every_form_is_the_dense_simulation(kind, separate, data, problems, dense, assert_same):
    problem = data.draw(problems(kind, n=(1, 5), separate=separate))
    space, angles, _ = problem
    assert_same(probabilities(space, angles, separate=separate), dense(problem), angles)


@given(data=st.data())
@settings(max_examples=10)
def test_two_groups_of_qubits_are_the_dense_simulation(data, problems, dense, assert_same):
    problem = data.draw(problems("mixed", n=(6, 7)))
    assert_same(
        probabilities(problem.space, problem.angles, separate=problem.separate),
        dense(problem),
        problem.angles,
    )


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7])
def test_table_i_is_the_dense_simulation(n, dense, normal, assert_same, problem_of):
    problem = problem_of(TABLE_I, normal(n, 3, n))
    assert_same(probabilities(TABLE_I, problem.angles), dense(problem), problem.angles)


@given(data=st.data())
def test_the_result_is_a_distribution(data, problems):
    space, angles, separate = data.draw(problems("mixed"))
    result = probabilities(space, angles, separate=separate)
    assert (result >= 0).all()
    assert (result.sum(-1) - 1).abs().max() < 1e-12
