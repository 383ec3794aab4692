"""Issue 3, speed: many cloud distribution points created at once on one site, and deleted at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from benchmarks.counting_relay import counted
from benchmarks.measuring import Bench, Line, Report, Sample
from benchmarks.one_site import OneSite, left_over, one_site
from benchmarks.processes import Costs, watched
from clouddp.admin.api_client import SiteApi

_DEADLINE_SECONDS: Final = 1_800
_ASKING_AT_ONCE: Final = 8


def run(bench: Bench) -> Report:
    """Create 100 with one instance each, wait until all are ready, delete all, and see that nothing is left."""
    count = bench.scale.choose(quick=8, normal=100, full=100)
    with one_site(bench.folder) as site, counted(site.fabric["management_url"]) as relay:
        with _asked_meanwhile(site) as answers, watched() as costs:
            accepted, ready = _create(site, count, relay.url)
        requests = relay.connections / count
        with watched() as removal:
            gone = _delete(site)
        assert left_over(site) == []
    lines = [
        _line("accepted, all of them", "s", [accepted]),
        _line("Ready, the last of them", "s", [max(ready)]),
        Line(what="Ready, each", unit="s", sample=Sample(tuple(ready))),
        _line("gone, the last of them", "s", [gone]),
        _line("connections to the cloud's management, for each until it was Ready", "", [requests]),
        Line(what="answer to a list of all, meanwhile", unit="s", sample=Sample(tuple(answers))),
        *_cost_lines("creating", costs),
        *_cost_lines("deleting", removal),
    ]
    note = f"{count} cloud distribution points of one instance; the command line asks for the list twice a second"
    return Report(title=f"{count} cloud distribution points at once", lines=tuple(lines), notes=(note,))


def _create(site: OneSite, count: int, management_url: str) -> tuple[float, list[float]]:
    """Ask for all; how long until all were accepted, and until each was ready."""
    began = time.monotonic()
    with ThreadPoolExecutor(_ASKING_AT_ONCE) as asking:
        list(asking.map(lambda number: _ask(site, number, management_url), range(count)))
    accepted = time.monotonic() - began
    ready: dict[str, float] = {}

    def are_all_ready(services: Sequence[dict[str, Any]]) -> bool:
        for service in services:
            assert service["state"] != "error", (service["problem"], _log(site))
            if service["state"] == "ready":
                ready.setdefault(service["id"], time.monotonic() - began)
        return len(ready) == count

    _wait(site, are_all_ready)
    return accepted, list(ready.values())


def _log(site: OneSite) -> str:
    return (site.home / "site" / "logs" / "CloudMgr.log").read_text(encoding="utf-8-sig")[-20_000:]


def _ask(site: OneSite, number: int, management_url: str) -> None:
    site.api.post("/cloud-distribution-points", site.wanted(f"clouddp{number}", management_url=management_url))


def _delete(site: OneSite) -> float:
    began = time.monotonic()
    services = site.api.get("/cloud-distribution-points")
    with ThreadPoolExecutor(_ASKING_AT_ONCE) as asking:
        list(asking.map(lambda one: site.api.delete(f"/cloud-distribution-points/{one['id']}"), services))
    _wait(site, lambda services: not services)
    return time.monotonic() - began


def _wait(site: OneSite, is_over: Callable[[Sequence[dict[str, Any]]], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not is_over(services := site.api.get("/cloud-distribution-points")):
        assert time.monotonic() < deadline, Counter(service["state"] for service in services)
        time.sleep(0.5)


@contextmanager
def _asked_meanwhile(site: OneSite) -> Iterator[list[float]]:
    """Ask for the list as a person at the command line does, on a connection of its own; the seconds of each answer."""
    seconds: list[float] = []
    is_over = threading.Event()

    def ask() -> None:
        api = SiteApi.from_home(site.home)
        while True:
            began = time.monotonic()
            api.get("/cloud-distribution-points")
            seconds.append(time.monotonic() - began)
            if is_over.wait(0.5):
                break
        api.close()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield seconds
    finally:
        is_over.set()
        asking.join()


def _cost_lines(work: str, costs: Costs) -> list[Line]:
    lines = []
    for program, cost in costs.by_program.items():
        if not cost.cpu_seconds:
            continue  # only waited to be ended
        lines.append(_line(f"{work}: {program}, CPU", "s", [cost.cpu_seconds]))
        lines.append(_line(f"{work}: {program}, peak memory", "MB", [cost.peak_bytes / 1e6]))
        lines.append(_line(f"{work}: {program}, processes at most", "", [cost.peak_processes]))
        lines.append(_line(f"{work}: {program}, threads at most", "", [cost.peak_threads]))
    return lines


def _line(what: str, unit: str, values: Sequence[float]) -> Line:
    return Line(what=what, unit=unit, sample=Sample(tuple(values)))
