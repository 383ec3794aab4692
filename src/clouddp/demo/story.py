"""The story: eight steps from an empty machine to a client that has its content, each of which may be told again."""

import base64
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx2

from clouddp.admin.api_client import SiteApi
from clouddp.demo.comparison import Compared, compare_folders
from clouddp.demo.organisation import make_certificates
from clouddp.demo.places import REGION, SERVICE_FQDN, SITE_CODE, ZONE, Places
from clouddp.demo.processes import Programs, run_command
from clouddp.demo.telling import Teller
from clouddp.language.translate import translate
from clouddp.model.errors import SiteError
from clouddp.network.tls import client_context

STEPS: Final = 8

_PROVISIONING_DEADLINE_SECONDS: Final = 30 * 60
_DISTRIBUTION_DEADLINE_SECONDS: Final = 60 * 60
_LOOK_AGAIN_SECONDS: Final = 0.2


@dataclass(slots=True)
class Told:
    """What became known while the story went on."""

    fabric: dict[str, Any] = field(default_factory=dict)
    site: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] = field(default_factory=dict)
    package: dict[str, Any] = field(default_factory=dict)
    distribution: dict[str, Any] = field(default_factory=dict)
    fetched: dict[str, Any] = field(default_factory=dict)
    compared: Compared | None = None


class Story:
    """Tells the steps in order; what an earlier telling made is found and used."""

    def __init__(self, *, places: Places, source: Path, language: str, programs: Programs, teller: Teller) -> None:
        self._places = places
        self._source = source
        self._language = language
        self._programs = programs
        self._teller = teller
        self.told = Told()

    def tell(self) -> Told:
        """Tell all of it; an error ends it at the step that did not hold."""
        self._get_certificates()
        self._start_cloud()
        self._start_site()
        service_id = self._create_distribution_point()
        self._publish_name(service_id)
        self._distribute_content(service_id)
        self._fetch_content()
        self._api.close()
        return self.told

    @cached_property
    def _api(self) -> SiteApi:
        return SiteApi.from_home(self._places.home)

    def _get_certificates(self) -> None:
        with self._teller.step("demo.step_certificates"):
            make_certificates(self._places, self._language)
            self._teller.detail("demo.made_certificates", folder=self._places.organisation, fqdn=SERVICE_FQDN)

    def _start_cloud(self) -> None:
        with self._teller.step("demo.step_cloud"):
            zone = ["--zone", ZONE, "--zone-key-file", str(self._places.zone_key)]
            arguments = ["fabric", "run", "--state", str(self._places.fabric), *zone]
            self.told.fabric = self._programs.start("fabric", arguments, errors=self._places.logs / "fabric.txt")
            self._teller.detail("demo.cloud_started", url=self.told.fabric["management_url"])
            self._upload_management_certificate()

    def _upload_management_certificate(self) -> None:
        fabric = self.told.fabric
        token = Path(fabric["portal_token_file"]).read_text(encoding="utf-8").strip()
        authorities = Path(fabric["ca_file"]).read_text(encoding="utf-8")
        certificate = self._places.management_cer.read_bytes()
        with httpx2.Client(verify=client_context(authorities_pem=authorities), trust_env=False, timeout=30) as portal:
            answer = portal.post(
                f"{fabric['portal_url']}/subscriptions/{fabric['subscription_id']}/certificates",
                headers={"Authorization": f"Bearer {token}"},
                files={"certificate": ("management.cer", certificate)},
            )
        if answer.status_code >= 400:
            raise SiteError("demo.portal_refused", status=answer.status_code, reason=answer.text[:200])
        self._teller.detail("demo.certificate_uploaded", subscription=fabric["subscription_id"])

    def _start_site(self) -> None:
        with self._teller.step("demo.step_site"):
            if not (self._places.home / "site" / "site.json").exists():
                init = ["site", "init", "--site-code", SITE_CODE, "--name", "Contoso"]
                init += ["--authority", str(self._places.authority_pem), "--resolver", self.told.fabric["dns"]]
                run_command(init, home=self._places.home, language=self._language)
            self.told.site = self._programs.start("site", ["site", "run"], errors=self._places.logs / "site.txt")
            self._write_trusted()
            self._teller.detail("demo.site_started", url=self.told.site["admin_url"])

    def _write_trusted(self) -> None:
        parts = (self._places.authority_pem, self.told.fabric["ca_file"], self.told.site["ca_file"])
        text = "".join(Path(part).read_text(encoding="utf-8") for part in parts)
        self._places.trusted_pem.write_text(text, encoding="utf-8")

    def _create_distribution_point(self) -> str:
        with self._teller.step("demo.step_distribution_point", fqdn=SERVICE_FQDN):
            known = [one for one in self._api.get("/cloud-distribution-points") if one["service_fqdn"] == SERVICE_FQDN]
            created = known[0] if known else self._api.post("/cloud-distribution-points", self._wanted())
            service = self._wait_until_ready(created["id"])
            self.told.service = service
            address = f"{service['virtual_ip']}:{service['port']}"
            self._teller.detail("demo.ready", name=service["service_name"], address=address)
            return str(service["id"])

    def _wanted(self) -> dict[str, Any]:
        return {
            "management_url": self.told.fabric["management_url"],
            "management_authorities_pem": Path(self.told.fabric["ca_file"]).read_text(encoding="utf-8"),
            "subscription_id": self.told.fabric["subscription_id"],
            "management_certificate": self._pfx(self._places.management_pfx),
            "region": REGION,
            "service_certificate": self._pfx(self._places.service_pfx),
            "description": translate("demo.description", language=self._language),
        }

    def _pfx(self, path: Path) -> dict[str, str]:
        password = self._places.password_file.read_text(encoding="utf-8").strip()
        return {"pfx_base64": base64.b64encode(path.read_bytes()).decode(), "password": password}

    def _wait_until_ready(self, service_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            service: dict[str, Any] = self._api.get(f"/cloud-distribution-points/{service_id}")
            if service["state"] == "error":
                raise SiteError("demo.not_ready", reason=service["problem"]["text"])
            self._teller.going_on(service["activity"])
            return service if service["state"] == "ready" else None

        return self._wait(look, _PROVISIONING_DEADLINE_SECONDS)

    def _publish_name(self, service_id: str) -> None:
        with self._teller.step("demo.step_name"):
            key = json.loads(self._places.zone_key.read_text(encoding="utf-8"))
            host, _, port = self.told.fabric["dns"].rpartition(":")
            zone = {
                "server": host,
                "port": int(port),
                "key_name": key["name"],
                "algorithm": key["algorithm"],
                "secret_base64": key["secret_base64"],
            }
            self._api.put(f"/dns-zones/{ZONE}", zone)
            chain = self._api.post(f"/cloud-distribution-points/{service_id}/dns-record")
            if not chain["is_right"]:
                raise SiteError("demo.name_not_right", reason=chain["faults"][0]["title"])
            self._teller.detail("demo.name_published", fqdn=SERVICE_FQDN, target=chain["target"])

    def _distribute_content(self, service_id: str) -> None:
        with self._teller.step("demo.step_content", source=self._source):
            source = str(self._source)
            known = [one for one in self._api.get("/packages") if one["source_folder"] == source]
            body = {"name": self._source.name, "source_folder": source}
            package = known[0] if known else self._api.post("/packages", body)
            self.told.package = package
            path = f"/packages/{package['id']}/distributions"
            self._api.post(path, {"distribution_point_ids": [service_id]})
            self.told.distribution = self._wait_until_distributed(path)
            self._teller.detail(
                "demo.distributed",
                package=package["id"],
                size=self.told.distribution["total_bytes"],
                sent=self.told.distribution["sent_bytes"],
            )

    def _wait_until_distributed(self, path: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            distribution: dict[str, Any] = self._api.get(path)[0]
            if distribution["state"] == "error":
                raise SiteError("demo.not_distributed", reason=distribution["problem"]["text"])
            done, total = distribution["done_bytes"], distribution["total_bytes"]
            self._teller.going_on(f"{100 * done // max(total, 1)} %")
            return distribution if distribution["state"] == "success" else None

        return self._wait(look, _DISTRIBUTION_DEADLINE_SECONDS)

    def _fetch_content(self) -> None:
        with self._teller.step("demo.step_client"):
            if not self._places.client.exists():
                self._register_client()
            self._api.put("/client-settings", {"allow_cloud_distribution_point": True})
            shutil.rmtree(self._places.download, ignore_errors=True)
            get = ["client", "get", self.told.package["id"], "--to", str(self._places.download)]
            get += ["--dns", self.told.fabric["dns"], "--home", str(self._places.client)]
            self.told.fetched = run_command(get, home=self._places.home, language=self._language)
            self._teller.detail("demo.fetched", size=self.told.fetched["fetched_bytes"], folder=self._places.download)
        with self._teller.step("demo.step_compare"):
            self.told.compared = compare_folders(self._source, self._places.download)
            compared = self.told.compared
            self._teller.detail("demo.compared", files=compared.files, size=compared.size_bytes)

    def _register_client(self) -> None:
        token = self._api.post("/registration-tokens")["token"]
        token_file = self._places.organisation / "registration-token.txt"
        token_file.touch(mode=0o600)
        token_file.write_text(token, encoding="utf-8")
        register = ["client", "register", "--management-point", self.told.site["management_point_url"]]
        register += ["--token-file", str(token_file), "--home", str(self._places.client)]
        run_command(register, home=self._places.home, language=self._language)

    def _wait(self, look: Callable[[], dict[str, Any] | None], deadline_seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + deadline_seconds
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            dead = self._programs.died()
            if dead is not None:
                raise SiteError("demo.program_ended", program=dead, folder=self._places.logs)
            time.sleep(_LOOK_AGAIN_SECONDS)
        raise SiteError("demo.took_too_long", seconds=deadline_seconds)
