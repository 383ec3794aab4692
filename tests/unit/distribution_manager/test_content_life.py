"""Property: whatever is added, updated, removed, collected or cut short, exactly the live objects are left."""

import random
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from clouddp.distribution_manager.plan import SUPERSEDED_FOR, tokens_end_at
from clouddp.distribution_manager.transfer import STEPS as TRANSFER_STEPS
from clouddp.model.content import ValidationKind
from tests.unit.distribution_manager.distribution_bench import (
    NOON,
    Bench,
    Killed,
    KillingObserver,
    add_package,
    read_as_client,
    write_files,
)

PLACES = ("cdp1", "cdp2")
TOKEN_LIFE = tokens_end_at(NOON) - NOON
COLLECT_STEPS = ("scope", "mark", "delete", "unmark", "finish")
BLOCKS = [random.Random(number).randbytes(20_000) for number in range(4)]

trees = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, len(BLOCKS) - 1), min_size=1).map(
    lambda tree: {path: BLOCKS[number] for path, number in tree.items()}
)
crashes = st.one_of(
    st.none(),
    st.tuples(st.sampled_from(["before", "after"]), st.sampled_from([*TRANSFER_STEPS, *COLLECT_STEPS])),
)


class ContentLife(RuleBasedStateMachine):
    """One site and two distribution points, beside what a reader of the documentation expects of them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.bench = Bench(self.folder)
        self.sources: dict[str, dict[str, bytes]] = {}
        self.wanted: set[tuple[str, str]] = set()
        self.added = 0

    @initialize()
    def make_distribution_points(self) -> None:
        for place in PLACES:
            self.bench.cloud.add(place)

    @rule(tree=trees)
    def add(self, tree: dict[str, bytes]) -> None:
        self.added += 1
        self.sources[add_package(self.bench, tree, folder=f"source{self.added}")] = tree

    @precondition(lambda self: self.sources)
    @rule(data=st.data(), tree=trees)
    def update(self, data: st.DataObject, tree: dict[str, bytes]) -> None:
        package_id = data.draw(st.sampled_from(sorted(self.sources)))
        source = Path(self.bench.contents.get(package_id).package.source_folder)
        shutil.rmtree(source)
        write_files(source, tree)
        self.bench.contents.update(package_id)
        self.sources[package_id] = tree

    @precondition(lambda self: self.sources)
    @rule(data=st.data(), places=st.sets(st.sampled_from(PLACES), min_size=1))
    def distribute(self, data: st.DataObject, places: set[str]) -> None:
        package_id = data.draw(st.sampled_from(sorted(self.sources)))
        self.bench.contents.distribute(package_id, places)
        self.wanted |= {(package_id, place) for place in places}

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def redistribute(self, data: st.DataObject) -> None:
        package_id, place = data.draw(st.sampled_from(sorted(self.wanted)))
        self.bench.contents.redistribute(package_id, [place])

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def lose_and_repair(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted({place for _package, place in self.wanted})))
        store = self.bench.cloud.stores[place]
        names = sorted(name for name, _length in store.list("content"))
        if names:
            store.delete(data.draw(st.sampled_from(names)))
        for one in sorted(self.wanted):
            if one[1] == place:
                self.bench.contents.validate(one[0], [place], kind=ValidationKind.FULL, is_repairing=True)
        self.bench.manager.run_due()
        self.bench.validator.run_waiting()

    @precondition(lambda self: self.wanted)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        package_id, place = data.draw(st.sampled_from(sorted(self.wanted)))
        self.bench.contents.withdraw(package_id, place)
        self.wanted.discard((package_id, place))

    @precondition(lambda self: self.sources)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        package_id = data.draw(st.sampled_from(sorted(self.sources)))
        self.bench.contents.remove(package_id)
        del self.sources[package_id]
        self.wanted = {one for one in self.wanted if one[0] != package_id}

    @rule(place=st.sampled_from(PLACES))
    def lose_a_container(self, place: str) -> None:
        store = self.bench.cloud.stores[place]
        for name, _length in list(store.list("")):
            store.delete(name)
        self.bench.distributions.content_lost(place)

    @rule(crash=crashes)
    def run(self, crash: tuple[str, str] | None) -> None:
        self._restart(crash)
        self.bench.manager.run_due()

    @rule(crash=crashes, hours=st.sampled_from([0, 1, 9, 40]))
    def collect(self, crash: tuple[str, str] | None, hours: int) -> None:
        self.bench.wait(timedelta(hours=hours))
        self._restart(crash)
        try:
            self.bench.collector.collect()
        except Killed:
            self._restart(None)

    @invariant()
    def what_clients_can_get_is_whole(self) -> None:
        for package_id in self.sources:
            located = self.bench.located.located_content(package_id)
            for place in () if located is None else located.distribution_point_ids:
                read_as_client(self.bench, package_id, place)

    def teardown(self) -> None:
        """Let everything come to rest, and compare."""
        try:
            self._come_to_rest()
            for package_id, place in self.wanted:
                assert read_as_client(self.bench, package_id, place) == self.sources[package_id]
            for place in PLACES:
                packages = [one for one, where in sorted(self.wanted) if where == place]
                assert self._held(place) == self._needed(place, packages)
            self._check_library()
        finally:
            self.bench.close()
            shutil.rmtree(self.folder)

    def _come_to_rest(self) -> None:
        self._restart(None)
        for _ in range(2):
            self.bench.manager.run_due()
            self.bench.validator.run_waiting()
        self.bench.manager.run_due()
        self.bench.wait(SUPERSEDED_FOR)
        self.bench.collector.collect()
        self.bench.wait(TOKEN_LIFE)
        self.bench.collector.collect()

    def _restart(self, crash: tuple[str, str] | None) -> None:
        self.bench.manager.close()
        self.bench.restart(None if crash is None else KillingObserver(*crash))
        self.bench.contents.clean_up()

    def _held(self, place: str) -> dict[str, int]:
        return {name: 0 for name, _length in self.bench.cloud.stores[place].list("")}

    def _needed(self, place: str, packages: list[str]) -> dict[str, int]:
        """Send the same packages to a distribution point that never saw anything else."""
        fresh = f"fresh-{place}"
        self.bench.cloud.add(fresh)
        for package_id in packages:
            self.bench.contents.distribute(package_id, [fresh])
        self.bench.manager.run_due()
        return self._held(fresh)

    def _check_library(self) -> None:
        live = {block for tree in self.sources.values() for block in tree.values()}
        kept = {path.read_bytes() for path in (self.folder / "library" / "files").glob("*/*")}
        assert kept == live


_HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def _machine(examples: int, steps: int) -> type:
    case = ContentLife.TestCase
    return type(
        f"ContentLife{examples}",
        (case,),
        {
            "settings": settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                phases=(Phase.explicit, Phase.reuse, Phase.generate),
                suppress_health_check=_HEALTH,
            )
        },
    )


TestAFewLives = _machine(3, 12)
TestManyLives = pytest.mark.slow(pytest.mark.timeout(1200)(_machine(30, 25)))
