"""One cloud and one site for many cells: both die and come back, and whoever plays finds them as they should be."""

import json
import time
from pathlib import Path
from typing import Any

from clouddp.admin.api_client import SiteApi
from clouddp.bootstrap.initialise import initialise_site
from clouddp.model.errors import NotFoundError
from clouddp.network.certificates import certificate_pem
from clouddp.site_server.site import SiteFolders, SiteSettings
from tests.fault_matrix.administrator import Administrator, Wanted
from tests.fault_matrix.certificates import authority, management
from tests.fault_matrix.foreign import Foreign
from tests.fault_matrix.hands import Hands
from tests.fault_matrix.inventory import Eye
from tests.fault_matrix.operations import CREATE, GROW, SHRINK, START, STOP, Operation, Service
from tests.fault_matrix.portal import Portal
from tests.fault_matrix.processes import Fork, Nursery

SETTLED_SECONDS = 60.0
MOMENT_SECONDS = 60.0
LOOK_SECONDS = 0.08


class Stage:
    """A fabric with something foreign in it, and a site with at most one cloud distribution point."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._nursery = Nursery()
        self._state = folder / "cloud"
        self._sites = 0
        self._fqdns = 0
        self.service: Service | None = None
        self.forgotten: list[str] = []  # names that the site has records of, and nothing is left of in the cloud
        self.start_fabric()
        self.portal.admit(management())
        self.eye = Eye(self.fabric.ready, management(), folder)
        self.hands = Hands(self.eye)
        self.foreign = Foreign(self.eye)
        self.new_site()

    def close(self) -> None:
        self.administrator.close()
        self.portal.close()
        self.eye.close()
        self.site.kill()
        self.fabric.stop()
        self._nursery.close()

    # The site server

    def new_site(self) -> None:
        """Make a site of its own for what follows; whatever the last one had is nobody's any more."""
        self._sites += 1
        self._home = self.folder / f"home{self._sites}"
        self._home.mkdir(mode=0o700)
        settings = SiteSettings(
            site_code="P01",
            name="Site",
            language="en",
            host="127.0.0.1",
            admin_port=0,
            management_point_port=0,
            resolver=self.fabric.ready["dns"],
        )
        issuer = self.folder / "authority.pem"
        issuer.write_bytes(certificate_pem(authority().certificate))
        initialise_site(SiteFolders.of_home(self._home), settings, authorities=[issuer])
        self.service, self.forgotten = None, []
        self.start_site()

    def start_site(self) -> None:
        self.site: Fork = self._nursery.start("site", home=str(self._home))
        authorities = Path(self.fabric.ready["ca_file"]).read_text(encoding="ascii")
        self.administrator = Administrator(SiteApi.from_home(self._home), self.fabric.ready, authorities)

    def kill_site(self) -> None:
        self.administrator.close()
        self.site.kill()

    def await_death_of_site(self) -> None:
        """Wait until it has killed itself; where it pauses instead, it is killed there."""
        self.administrator.close()
        if self.site.hear(MOMENT_SECONDS) is None:
            self.site.close()
        else:
            self.site.kill()

    def await_moment(self) -> dict[str, Any]:
        """Wait until the site's work pauses where it was told to."""
        moment = self.site.hear(MOMENT_SECONDS)
        assert moment is not None, "the site server has ended"
        return moment

    def log(self) -> str:
        return (self._home / "site" / "logs" / "CloudMgr.log").read_text(encoding="utf-8")

    def count_delays(self) -> int:
        """Count the temporary failures that the site server has met."""
        lines = _read_log(self._home / "site" / "logs" / "CloudMgr.jsonl")
        return sum(line["code"] == "cloud.step_delayed" for line in lines)

    # The cloud

    def start_fabric(self) -> None:
        self.fabric: Fork = self._nursery.start("fabric", state=str(self._state))
        self.portal = Portal(self.fabric.ready)

    def kill_fabric(self) -> None:
        self.portal.close()
        self.fabric.kill()

    def fabric_log(self) -> list[dict[str, Any]]:
        return _read_log(self._state / "logs" / "fabric.jsonl")

    # What is on stage

    def is_over(self, service: Service) -> bool:
        """Say whether the work has ended, as the site tells it."""
        try:
            return bool(self.administrator.show(service.id)["settled"])
        except NotFoundError:
            return True

    def await_settled(self, service: Service, seconds: float = SETTLED_SECONDS) -> str:
        """Wait for the end of the work: the state that it ends in, "deleted" when the record is gone."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                shown = self.administrator.show(service.id)
            except NotFoundError:
                return "deleted"
            if shown["settled"]:
                return str(shown["state"])
            time.sleep(LOOK_SECONDS)
        raise TimeoutError(shown["state"], shown["activity_code"], self.log()[-4_000:])

    def prepare(self, operation: Operation) -> Service:
        """Have a cloud distribution point as the operation finds it."""
        if operation.begins == "none":
            self.clear()
            return Service(wanted=self._new_wish(instances=operation.instances or 1))
        if self.service is None:
            self.service = Service(wanted=self._new_wish(instances=operation.instances or 1))
            self._play(CREATE)
        if operation.instances not in (None, self.service.wanted.instances):
            self._bring_to("ready")
            self._play(GROW if operation.instances == 2 else SHRINK)
        self._bring_to(operation.begins)
        return self.service

    def keep(self, service: Service) -> None:
        """Leave what an operation has brought about for the next one."""
        self.service = None if service.state == "deleted" else service

    def clear(self) -> None:
        """Have nothing of ours in the cloud; what the site knows of it is left to it."""
        if self.service is not None:
            self.hands.remove_hosted_service(self.service.name)
            self.hands.remove_storage_account(self.service.name)
            self.forgotten.append(self.service.name)
            self.service = None

    def replace(self) -> None:
        """Take everything of ours away by the cloud's own door, and forget the site that made it."""
        self.portal.clear()
        self.kill_site()
        left = self.eye.look()
        for name in left.services:
            self.hands.remove_hosted_service(name)
        for name in left.accounts:
            self.hands.remove_storage_account(name)
        self.new_site()

    def _bring_to(self, state: str) -> None:
        assert self.service is not None
        if self.service.state != state:
            self._play(STOP if state == "stopped" else START)

    def _play(self, operation: Operation) -> None:
        assert self.service is not None
        operation.ask(self.administrator, self.service)
        assert self.await_settled(self.service) == operation.ends, self.log()[-4_000:]
        self.service.state = operation.ends

    def _new_wish(self, *, instances: int) -> Wanted:
        self._fqdns += 1
        return Wanted(fqdn=f"clouddp{self._fqdns}.contoso.com", instances=instances)


def _read_log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
