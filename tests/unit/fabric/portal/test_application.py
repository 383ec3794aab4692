"""The portal lets in who knows its token, and shows and changes what the cloud holds."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI

from clouddp.fabric.portal.application import make_portal
from clouddp.fabric.portal.pages import choose_language, size_text
from clouddp.fabric.portal.sessions import PortalSessions, open_token_file
from clouddp.network.certificates import KeyedCertificate, certificate_pem
from clouddp.network.https_server import HttpsServer, listen
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority
from clouddp.network.tls import client_context, server_context
from tests.unit.fabric.builders import MANAGEMENT, Cloud, configuration, running_cloud

TOKEN = "the-token-of-the-portal"
NOW = datetime.now(UTC)
AUTHORITY = make_authority("Cloud", now=NOW)
SERVER = issue_service_certificate(["localhost"], authority=AUTHORITY, now=NOW, addresses=["127.0.0.1"])
NEW = issue_management_certificate("fabrikam", now=NOW)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Portal:
    """A portal over TLS, and a browser that keeps its cookies."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.clock = Clock()
        sessions = PortalSessions(TOKEN, now=self.clock)
        application: FastAPI = make_portal(cloud.plane.portal_pages(), cloud.plane.subscriptions, sessions)
        self.server = HttpsServer(application, listen("127.0.0.1", 0, purpose="portal"), server_context(SERVER))
        context = client_context(authorities_pem=certificate_pem(AUTHORITY.certificate).decode())
        url = f"https://127.0.0.1:{self.server.port}"
        self.browser = httpx2.Client(base_url=url, verify=context, trust_env=False)
        self.page = f"/subscriptions/{cloud.subscription_id}"

    def log_in(self) -> str:
        """Log in, and return the token that forms carry."""
        assert self.browser.post("/login", data={"token": TOKEN}).status_code == 303
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.browser.get("/").text)
        assert found is not None
        return found[1]

    def upload(self, data: bytes, **values: str) -> httpx2.Response:
        return self.browser.post(f"{self.page}/certificates", files={"certificate": ("m.cer", data)}, data=values)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    made = Portal(Cloud(tmp_path))
    yield made
    made.browser.close()
    made.server.close()


def thumbprints(portal: Portal) -> list[str]:
    subscription = portal.cloud.plane.subscriptions.get(portal.cloud.subscription_id)
    return [certificate.thumbprint for certificate in subscription.certificates]


def der(keyed: KeyedCertificate) -> bytes:
    return keyed.certificate.public_bytes(Encoding.DER)


def test_a_stranger_is_led_to_the_log_in(portal: Portal) -> None:
    for path in ("/", portal.page, "/subscriptions"):
        answer = portal.browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_a_wrong_token_opens_nothing(portal: Portal) -> None:
    answer = portal.browser.post("/login", data={"token": "guess"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_session_cookie_is_kept_from_scripts_other_sites_and_plain_http(portal: Portal) -> None:
    cookie = portal.browser.post("/login", data={"token": TOKEN}).headers["set-cookie"]

    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))


def test_a_session_ends_after_hours_and_by_logging_out(portal: Portal) -> None:
    csrf_token = portal.log_in()
    portal.browser.post("/logout", data={"csrf_token": csrf_token})
    assert portal.browser.get("/").status_code == 303

    portal.log_in()
    portal.clock.now += timedelta(hours=9)
    assert portal.browser.get("/").status_code == 303


def test_pages_run_no_scripts_and_ask_no_other_host(portal: Portal) -> None:
    portal.log_in()

    answer = portal.browser.get(portal.page)

    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
    assert "<script" not in answer.text
    assert not re.search(r'(src|href|action)="(https?:)?//', answer.text)
    assert portal.browser.get("/portal.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("data", [der(NEW), certificate_pem(NEW.certificate)], ids=["DER", "Base-64"])
def test_a_browser_uploads_a_certificate_that_counts_at_once(portal: Portal, data: bytes) -> None:
    csrf_token = portal.log_in()
    assert portal.cloud.call("GET", "", certificate=NEW).status == 403

    answer = portal.upload(data, csrf_token=csrf_token)

    assert (answer.status_code, answer.headers["location"]) == (303, portal.page)
    assert portal.cloud.call("GET", "", certificate=NEW).status == 200
    assert NEW.thumbprint in portal.browser.get(portal.page).text


def test_a_form_without_its_token_changes_nothing(portal: Portal) -> None:
    portal.log_in()

    for values in ({}, {"csrf_token": "guess"}):
        assert portal.upload(der(NEW), **values).status_code == 403
    removal = portal.browser.post(f"{portal.page}/certificates/{MANAGEMENT.thumbprint}/remove", data={"csrf_token": ""})

    assert removal.status_code == 403
    assert thumbprints(portal) == [MANAGEMENT.thumbprint]


def test_a_removed_certificate_manages_no_longer(portal: Portal) -> None:
    csrf_token = portal.log_in()

    path = f"{portal.page}/certificates/{MANAGEMENT.thumbprint}/remove"
    assert portal.browser.post(path, data={"csrf_token": csrf_token}).status_code == 303

    assert portal.cloud.call("GET", "").status == 403


def test_a_file_that_is_no_certificate_is_explained(portal: Portal) -> None:
    csrf_token = portal.log_in()

    answer = portal.upload(b"no certificate", csrf_token=csrf_token)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "m.cer" in answer.text


def test_a_program_uploads_with_the_token_alone_as_often_as_it_likes(portal: Portal) -> None:
    portal.browser.headers["Authorization"] = f"Bearer {TOKEN}"

    for _ in range(2):
        answer = portal.upload(der(NEW))
        assert (answer.status_code, answer.json()["thumbprint"]) == (201, NEW.thumbprint)

    assert thumbprints(portal) == [MANAGEMENT.thumbprint, NEW.thumbprint]
    assert portal.browser.get("/subscriptions").json()[0]["id"] == portal.cloud.subscription_id


def test_a_program_is_told_what_is_wrong(portal: Portal) -> None:
    portal.browser.headers["Authorization"] = f"Bearer {TOKEN}"

    assert portal.upload(b"no certificate").json()["code"] == "certificate.unreadable"
    nothing = portal.browser.post(f"{portal.page}/certificates", data={"other": "x"})
    assert nothing.json()["code"] == "fabric.certificate_file_missing"
    assert portal.upload(b"x" * 600_000).status_code == 413
    portal.page = "/subscriptions/unknown"
    assert portal.upload(der(NEW)).status_code == 404
    portal.browser.headers["Authorization"] = "Bearer guess"
    assert portal.upload(der(NEW)).status_code == 401


def test_a_ready_service_is_shown_with_its_addresses(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_service("service1")
        cloud.wait_for(cloud.deploy("service1", cscfg=configuration(count=1)).request_id)
        cloud.wait_until_ready("service1", count=1)
        pages = cloud.plane.portal_pages()

        english = pages.subscription_page("en", "csrf", cloud.subscription_id)
        french = pages.subscription_page("fr", "csrf", cloud.subscription_id)

        address = cloud.deployment("service1").text(".//VirtualIP/Address")
        for text in ("http://service1.cloudapp.net", "PUBLIC VIRTUAL IP (VIP) ADDRESS", address, "Ready", "store1"):
            assert text in english
        for text in ("Prêt", "URL du site", "Certificats de gestion", "ADRESSE IP VIRTUELLE PUBLIQUE (VIP)"):
            assert text in french


def test_what_people_gave_is_not_taken_for_markup(portal: Portal) -> None:
    page = portal.cloud.plane.portal_pages().add_certificate_page(
        "en", "c", portal.cloud.subscription_id, "<script>alert(1)</script>"
    )

    assert "<script>" not in page


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en;q=0.5, fr;q=0.9", "fr"),
        ("de, en", "en"),
        ("de", "en"),
        ("", "en"),
        ("fr;q=x, en;q=0.1", "en"),
    ],
)
def test_the_language_is_the_readers(accepted: str, language: str) -> None:
    assert choose_language(accepted) == language


@pytest.mark.parametrize(
    ("count", "language", "text"),
    [(0, "en", "0 bytes"), (1536, "en", "1.5 KB"), (1536, "fr", "1,5 Ko"), (5 * 2**30, "en", "5.0 GB")],
)
def test_sizes_are_written_for_people(count: int, language: str, text: str) -> None:
    assert size_text(count, language) == text


def test_the_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "portal-token"

    made = open_token_file(path)

    assert open_token_file(path) == made
    assert len(made) >= 40
    assert path.stat().st_mode & 0o777 == 0o600
