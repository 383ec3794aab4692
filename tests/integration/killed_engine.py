"""A process that runs one workflow and kills itself in the middle of it when asked to."""

import sys
import time
from pathlib import Path

from clouddp.model.errors import SiteError
from clouddp.telemetry.logs import ComponentLog
from clouddp.workflows.base import Again, Done, Outcome, Step, Turn, Workflow
from clouddp.workflows.engine import DurableEngine
from tests.integration.killer import Killer


def main(folder: Path, kill_at: int) -> None:
    made = folder / "made"

    def first(turn: Turn) -> Outcome:
        if not made.exists():
            made.write_text("once")
            with (folder / "count").open("a") as count:
                count.write("x")
        return Done()

    def second(turn: Turn) -> Outcome:
        return Done() if turn.number == 2 else Again(0.05)

    def third(turn: Turn) -> Outcome:
        (folder / "end").touch()
        return Done()

    def tell(subject: str, error: SiteError) -> None:
        (folder / "failed").write_text(str(error))

    log = ComponentLog(folder / "CloudMgr.log", "SMS_CLOUD_SERVICES_MANAGER")
    engine = DurableEngine(folder / "workflows.db", observer=Killer(kill_at), log=log)
    steps = (Step("first", first), Step("second", second), Step("third", third))
    engine.register(Workflow(name="w", steps=steps, deadline_seconds=60, on_failure=tell))
    engine.launch()
    engine.start("w", "w-1", "subject")
    deadline = time.monotonic() + 20
    while not (folder / "end").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
