"""The samples that judge circuits while they are chosen; the test part is never among them."""

from __future__ import annotations

from dataclasses import replace

from diffqas.searches import held_out
from diffqas.tasks import Task

HELD_OUT, TRAINING = "held-out", "training"
"""The last training samples, of which nothing is learned; or all of them, which are learned."""


def task_of_choice(task: Task, share: float, judge: str) -> Task:
    """A task in which the samples that judge take the place of the test part.

    Args:
        task: the task to be learned.
        share: the share of the training samples that are held out.
        judge: `HELD_OUT`, the held-out samples, or `TRAINING`, all training samples, which are then
            learned, too.
    """
    inner = held_out(task, share)
    if judge == HELD_OUT:
        return inner
    return replace(inner, train=task.train, test=task.train)
