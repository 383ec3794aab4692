"""The management point over TLS: who is heard, and what strangers are told."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clouddp.client.connection import Origin, OriginConnection
from clouddp.client.identity import ClientFolders, ClientIdentity
from clouddp.network.https_server import HttpsServer
from clouddp.network.signing_keys import new_signing_key
from clouddp.network.tls import client_context
from clouddp.network.tokens import make_assertion
from clouddp.site_server.clients import SiteClients
from tests.integration.download_site import PACKAGE, DownloadSite, register


class Desk:
    """A management point with one registered client, and a way to send it anything."""

    def __init__(self, root: Path) -> None:
        self.site = DownloadSite(root)
        self.site.publish({"file": b"1"})
        self.server: HttpsServer
        self.clients: SiteClients
        self.server, self.clients = self.site.start_management_point()
        self.folders: ClientFolders
        self.identity: ClientIdentity
        self.folders, self.identity = register(self.site, self.server, self.clients)
        self.clients.allow_cloud(allowed=True)
        self.context: ssl.SSLContext = client_context(authorities_pem=self.site.authorities_pem)

    def assertion(self, **changed: Any) -> str:
        values: dict[str, Any] = {
            "key": self.identity.key,
            "client_id": self.identity.client_id,
            "audience": self.identity.management_point_url,
            "now": datetime.now(UTC),
        }
        return make_assertion(**(values | changed))

    def locate(self, assertion: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
        named = {"Authorization": f"Assertion {assertion}", "X-Clouddp-Client": self.identity.client_id}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = OriginConnection(
            Origin(host="127.0.0.1", port=self.server.port, address="127.0.0.1"), self.context
        )
        try:
            content = json.dumps({"package_id": PACKAGE}).encode() if body is None else body
            connection.request(
                "POST", "/mp/v1/locations", body=content, headers={"Content-Type": "application/json", **named}
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("management-point"))
    yield made
    made.server.close()


def test_a_client_is_told_where_content_is_with_a_token_for_each_source(desk: Desk) -> None:
    status, told = desk.locate(desk.assertion())

    assert status == 200
    assert [source["service_fqdn"] for source in told["sources"]] == ["clouddp1.contoso.com"]
    assert told["sources"][0]["access_token"].count(".") == 2


def test_a_replayed_assertion_is_refused(desk: Desk) -> None:
    assertion = desk.assertion()
    assert desk.locate(assertion)[0] == 200

    status, problem = desk.locate(assertion)

    assert (status, problem["code"]) == (403, "management_point.assertion_replayed")


@pytest.mark.parametrize(
    "changed",
    [
        {"key": new_signing_key()},
        {"client_id": "0" * 32},
        {"audience": "https://elsewhere"},
        {"now": datetime.now(UTC) - timedelta(minutes=10)},
        {"now": datetime.now(UTC) + timedelta(minutes=10)},
    ],
    ids=["another key", "another client", "another audience", "old", "early"],
)
def test_an_assertion_that_is_not_this_clients_for_here_and_now_is_refused(desk: Desk, changed: dict[str, Any]) -> None:
    assert desk.locate(desk.assertion(**changed))[0] == 403


def test_an_access_token_is_no_assertion(desk: Desk) -> None:
    assert desk.locate(desk.site.token())[0] == 403


def test_a_stranger_is_not_known(desk: Desk) -> None:
    stranger = desk.locate(desk.assertion(), X_Clouddp_Client="f" * 32)

    assert (stranger[0], stranger[1]["code"]) == (403, "management_point.client_unknown")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"package_id": 7}', b'{"package_id": "P0100001", "more": 1}', b"[" * 50_000]
)
def test_what_cannot_be_understood_is_named_without_a_traceback(desk: Desk, body: bytes) -> None:
    status, problem = desk.locate(desk.assertion(), body)

    assert status in (400, 422)
    assert problem["code"] == "management_point.request_invalid"


def test_a_body_that_is_too_long_is_not_read(desk: Desk) -> None:
    status, problem = desk.locate(desk.assertion(), b" " * 70_000)

    assert (status, problem["code"]) == (422, "management_point.request_too_large")


def test_a_problem_is_told_in_the_language_of_the_client(desk: Desk) -> None:
    _status, problem = desk.locate("x", X_Clouddp_Client="f" * 32, Accept_Language="fr-CA, en;q=0.5")

    assert problem["title"].startswith("Le point de gestion ne connaît pas")
