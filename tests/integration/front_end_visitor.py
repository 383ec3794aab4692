"""A client at the front ends of a cloud distribution point: content that it may have, and what it is answered."""

import hashlib
import http.client
import ssl
import time
from collections.abc import Callable

from clouddp.model.cloud_service import CloudService
from clouddp.model.exchange import Scope
from clouddp.network.certificates import certificate_pem
from clouddp.network.signed import Purpose
from clouddp.network.tokens import issue_access_token
from tests.unit.cloud_services.site_bench import SiteBench, authority, now

VERSION = "a" * 32
NAME = "b" * 32
CONTENT = b"content of the organisation"


class Visitor:
    """One client of one cloud distribution point."""

    def __init__(self, site: SiteBench, service: CloudService) -> None:
        self._site = site
        self._id = service.id

    def distribute(self) -> None:
        """Upload one object, and let tokens for its version open it."""
        self._site.stores.open_store(self._id).put(f"content/{NAME}", CONTENT)
        self._site.state.write_scope(
            self._id, Scope(service_id=self._id, version_id=VERSION, lengths={NAME: len(CONTENT)})
        )

    def status(self) -> int:
        """Ask for the object; 0 when nobody answers."""
        return self._ask()[0]

    def thumbprint(self) -> str:
        """Look at the certificate that is presented."""
        return self._ask()[1]

    def awaits(self, is_reached: Callable[["Visitor"], bool], *, within_seconds: float = 30) -> None:
        """Poll until something holds."""
        deadline = time.monotonic() + within_seconds
        while not is_reached(self):
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def _ask(self) -> tuple[int, str]:
        service = self._site.records.get(self._id)
        assert service.virtual_ip is not None
        context = ssl.create_default_context(cadata=certificate_pem(authority().certificate).decode())
        context.check_hostname = False  # the address is asked directly, without DNS
        token = issue_access_token(
            key=self._site.keys.current(Purpose.ACCESS),
            issuer="P01",
            client_id="client",
            service_id=self._id,
            version_id=VERSION,
            now=now(),
        )
        connection = http.client.HTTPSConnection(service.virtual_ip, service.port, context=context, timeout=5)
        try:
            connection.request("GET", f"/content/{NAME}", headers={"Authorization": f"Bearer {token}"})
            presented = connection.sock.getpeercert(binary_form=True) or b""
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status != 200 or body == CONTENT
            return answer.status, hashlib.sha1(presented, usedforsecurity=False).hexdigest().upper()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()
