"""A site that reconciles and kills itself when asked to, in the middle of its work."""

import json
import sys
import time
from pathlib import Path

from clouddp.model.reconciliation import Remedy
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from tests.integration.killer import Killer
from tests.integration.reconciled_site import ReconciledSite


def main(home: Path, kill_at: int) -> None:
    site = ReconciledSite(home, AzureClassicProvider(), observer=Killer(kill_at))
    (service,) = site.records.list()
    site.start()
    deadline = time.monotonic() + 60
    while (preview := site.reconciliation.preview()).findings or preview.not_judged:
        assert time.monotonic() < deadline, site.log.path.read_text()
        remedies = {
            finding.id: Remedy.REPAIR if Remedy.REPAIR in finding.remedies else Remedy.REMOVE
            for finding in preview.findings
        }
        if remedies:
            site.reconciliation.apply(preview.digest, remedies)
        time.sleep(0.1)
    ended = site.settled(service.id)
    assert ended is not None
    numbers = site.numbers()
    site.close()
    sys.stdout.write(json.dumps({"state": ended.state, "generation": ended.generation, "numbers": numbers}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
