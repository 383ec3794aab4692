"""A site's cloud services manager as a process that kills itself when asked to, in the middle of its work."""

import base64
import json
import sys
from pathlib import Path

from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.site_server.cloud_services import PfxUpload
from tests.integration.killer import Killer
from tests.unit.cloud_services.site_bench import PASSWORD, SiteBench, request


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
