"""What circuits are judged by while they are chosen; never the test part."""

from __future__ import annotations

from dataclasses import replace

from diffqas.searches import held_out
from diffqas.tasks import Task

HELD_OUT, TRAINING = "held-out", "training"
"""The last training samples, of which nothing is learned; or all of them, which are learned."""


def task_of_choice(task: Task, share: float, judge: str) -> Task:
    """A task without the test part, in whose place stand the samples that judge.

    Args:
        task: what is learned.
        share: of the training samples that are held out.
        judge: `HELD_OUT` or `TRAINING`.
    """
    inner = held_out(task, share)
    if judge == HELD_OUT:
        return inner
    return replace(inner, train=task.train, test=task.train)
