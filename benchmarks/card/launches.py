"""How many kernels a step launches, and how long the card is at work."""

from __future__ import annotations

from collections import Counter

from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from .steps import cell_step, w_step
from .work import Job, attempted, emit, engine


def run(job: Job) -> None:
    """Two sizes of W, and the cell."""
    if not job.device.startswith("cuda"):
        emit(skipped="launches are counted on a card")
        return
    steps = {
        "W 11 10": lambda: w_step(11, 10, 1, job.device),
        "W 17 15": lambda: w_step(17, 15, 1, job.device),
        "cell 200": lambda: cell_step(200, job.device),
    }
    for kind in job.engines:
        engine(kind)
        for name, make in steps.items():

            def work(make=make) -> dict[str, object]:
                step = make()
                for _ in range(3):
                    step()
                job.synchronize()
                with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as seen:
                    step()
                    job.synchronize()
                events = [one for one in seen.events() if one.device_type == DeviceType.CUDA]
                longest: Counter[str] = Counter()
                for event in events:
                    longest[event.name[:60]] += event.device_time_total
                busy = sum(longest.values())
                return {
                    "launches": len(events),
                    "busy_ms": round(busy / 1e3, 4),
                    "longest_us": longest.most_common(8),
                }

            attempted({"step": name, "engine": kind}, work)
