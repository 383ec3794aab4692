"""P10: from the wizard's Finish to Ready, on a fabric without artificial delay."""

import time

from benchmarks.measuring import Bench, Line, Report, Sample
from benchmarks.one_site import OneSite, one_site
from benchmarks.processes import watched

_LOOK_AGAIN_SECONDS = 0.05


def run(bench: Bench) -> Report:
    """Create a cloud distribution point with its two instances, wait until it is ready, delete it; again and again."""
    seconds: list[float] = []
    cpu_seconds: list[float] = []
    with one_site(bench.folder) as site:
        for _ in range(bench.rounds):
            with watched() as costs:
                seconds.append(_seconds_to_ready(site))
            cpu_seconds.append(sum(cost.cpu_seconds for cost in costs.by_program.values()))
            _remove(site)
    lines = (
        Line(what="Finish to Ready", unit="s", sample=Sample(tuple(seconds)), goal="5 s at most"),
        Line(what="CPU of site server, fabric and both instances", unit="s", sample=Sample(tuple(cpu_seconds))),
    )
    return Report(title="P10  from Finish to Ready", lines=lines)


def _seconds_to_ready(site: OneSite) -> float:
    began = time.perf_counter()
    created = site.api.post("/cloud-distribution-points", site.wanted("clouddp1", instance_count=2))
    while True:
        service = site.api.get(f"/cloud-distribution-points/{created['id']}")
        assert service["state"] != "error", service["problem"]
        if service["state"] == "ready":
            return time.perf_counter() - began
        time.sleep(_LOOK_AGAIN_SECONDS)


def _remove(site: OneSite) -> None:
    for service in site.api.get("/cloud-distribution-points"):
        site.api.delete(f"/cloud-distribution-points/{service['id']}")
    while site.api.get("/cloud-distribution-points"):
        time.sleep(_LOOK_AGAIN_SECONDS)
