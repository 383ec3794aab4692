"""A real fabric and a real site server as processes, for benchmarks that work as an administrator does."""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2

from clouddp.admin.api_client import SiteApi
from clouddp.demo.processes import Programs, run_command
from clouddp.network.certificates import KeyedCertificate, certificate_pem, to_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.network.tls import client_context

ZONE: Final = "contoso.com"
REGION: Final = "North Europe"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSite:
    """Both, running, and what a creation needs."""

    home: Path
    fabric: dict[str, Any]
    api: SiteApi
    management_pfx: dict[str, str]
    service_pfx: dict[str, str]

    def wanted(self, host: str, **changes: Any) -> dict[str, Any]:
        """Write the request that creates a cloud distribution point of this name, with one instance."""
        return {
            "management_url": self.fabric["management_url"],
            "management_authorities_pem": Path(self.fabric["ca_file"]).read_text(encoding="utf-8"),
            "subscription_id": self.fabric["subscription_id"],
            "management_certificate": self.management_pfx,
            "region": REGION,
            "service_certificate": self.service_pfx,
            "service_fqdn": f"{host}.{ZONE}",
            "accept_wildcard": True,
            "instance_count": 1,
            **changes,
        }


@contextmanager
def one_site(home: Path) -> Iterator[OneSite]:
    """Run a fabric, and a site that may manage it."""
    now = datetime.now(UTC)
    authority = make_authority("Contoso Root CA", now=now)
    management = issue_management_certificate("Contoso site", now=now)
    service = issue_service_certificate([f"*.{ZONE}"], authority=authority, now=now)
    (home / "authority.pem").write_bytes(certificate_pem(authority.certificate))
    programs = Programs(home, "en")
    try:
        arguments = ["fabric", "run", "--state", str(home / "fabric")]
        arguments += ["--zone", ZONE, "--zone-key-file", str(home / "zone-key.json")]
        fabric = programs.start("fabric", arguments, errors=home / "fabric.txt")
        _upload(fabric, management)
        init = ["site", "init", "--authority", str(home / "authority.pem"), "--resolver", fabric["dns"]]
        run_command(init, home=home, language="en")
        programs.start("site", ["site", "run"], errors=home / "site.txt")
        api = SiteApi.from_home(home)
        try:
            yield OneSite(home=home, fabric=fabric, api=api, management_pfx=_pfx(management), service_pfx=_pfx(service))
        finally:
            api.close()
    finally:
        programs.stop()


def _upload(fabric: dict[str, Any], certificate: KeyedCertificate) -> None:
    token = Path(fabric["portal_token_file"]).read_text(encoding="utf-8").strip()
    authorities = Path(fabric["ca_file"]).read_text(encoding="utf-8")
    with httpx2.Client(verify=client_context(authorities_pem=authorities), trust_env=False, timeout=30) as portal:
        portal.post(
            f"{fabric['portal_url']}/subscriptions/{fabric['subscription_id']}/certificates",
            headers={"Authorization": f"Bearer {token}"},
            files={"certificate": ("management.cer", certificate_pem(certificate.certificate))},
        ).raise_for_status()


def _pfx(keyed: KeyedCertificate) -> dict[str, str]:
    password = secrets.token_urlsafe(12)
    return {"pfx_base64": base64.b64encode(to_pfx(keyed, password)).decode(), "password": password}


def left_over(site: OneSite) -> list[str]:
    """Name what a cloud holds though nothing should be left: folders of accounts, documents of services."""
    fabric = site.home / "fabric"
    found = [path.name for path in (fabric / "storage").iterdir() if path.is_dir()]
    for kind in ("storage_accounts", "hosted_services", "deployments"):
        found += [f"{kind}/{path.name}" for path in (fabric / "documents" / kind).iterdir()]
    return found
