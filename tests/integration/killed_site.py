"""A site's cloud services manager as a process that kills itself when asked to, in the middle of its work."""

import base64
import json
import os
import signal
import sys
from pathlib import Path

from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.site_server.cloud_services import PfxUpload
from tests.unit.cloud_services.site_bench import PASSWORD, SiteBench, request


class Killer:
    """Ends this process without warning at the nth time the journal's hook is called."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def before(self, workflow_id: str, step: str) -> None:
        self._count()

    def after(self, workflow_id: str, step: str) -> None:
        self._count()

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, fabric: dict[str, str], kill_at: int) -> None:
    site = SiteBench(home, AzureClassicProvider(), observer=Killer(kill_at))
    known = site.use_cases.list()
    if not known:
        wanted = request(
            management_url=fabric["management_url"],
            subscription_id=fabric["subscription_id"],
            management_certificate=PfxUpload(
                pfx_base64=base64.b64encode((home / "management.pfx").read_bytes()).decode("ascii"), password=PASSWORD
            ),
            management_authorities_pem=Path(fabric["ca_file"]).read_text(encoding="ascii"),
        )
        known = [site.use_cases.create(wanted, idempotency_key=None)]
    site.start()
    service = site.settled(known[0].id, within_seconds=60)
    assert service is not None
    steps = [step for step, _ in site.progress.list_steps(service.id, generation=1)]
    numbers = site.numbers()
    site.close()
    sys.stdout.write(json.dumps({"state": service.state, "steps": steps, "numbers": numbers}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]))
