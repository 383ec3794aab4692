"""The portal as people meet it: Chromium signs in, uploads certificates and looks at what the cloud runs."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.network.certificates import certificate_pem
from clouddp.network.issuing import issue_management_certificate
from tests.peers import find_program
from tests.unit.fabric.builders import SERVICE, Cloud, configuration, running_cloud
from tests.unit.fabric.portal.test_application import TOKEN, Portal

pytestmark = [pytest.mark.slow, pytest.mark.peer("chromium")]

NEW = issue_management_certificate("fabrikam", now=datetime.now(UTC))
PICTURES = os.environ.get("CLOUDDP_PORTAL_PICTURES")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=find_program("chromium"), args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A page of the portal, and what the browser complained of."""

    def __init__(self, browser: Browser, portal: Portal, *, language: str) -> None:
        self._context = browser.new_context(
            ignore_https_errors=True, locale=language, base_url=f"https://127.0.0.1:{portal.server.port}"
        )
        self.page: Page = self._context.new_page()
        self.complaints: list[str] = []
        self._expected: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))

    def log_in(self, token: str = TOKEN) -> None:
        self.page.goto("/")
        self.page.locator("input[name=token]").fill(token)
        self.follow(self.page.locator("main button"))

    def follow(self, link: Locator) -> None:
        """Click what leads to another page, and wait until all of that is there."""
        with self.page.expect_navigation(wait_until="networkidle"):
            link.click()

    def expect_refusal(self) -> None:
        """Take note that the browser tells of one answer with a status of refusal, as it should."""
        refusal = [text for text in self.complaints if "the server responded with a status of 4" in text]
        assert len(refusal) == 1
        self.complaints.remove(refusal[0])

    def picture(self, name: str) -> None:
        """Keep a picture where somebody wants to look at it."""
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)

    def close(self) -> None:
        self._context.close()


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with running_cloud(tmp_path) as running:
        yield running


@pytest.fixture
def visit(cloud: Cloud, browser: Browser, language: str) -> Iterator[Visit]:
    portal = Portal(cloud)
    made = Visit(browser, portal, language=language)
    yield made
    made.close()
    portal.browser.close()
    portal.server.close()
    assert made.complaints == []  # nothing that the policy forbids, nothing missing, no error


def test_only_the_token_opens_the_portal(visit: Visit, language: str) -> None:
    visit.log_in("guess")

    expect(visit.page.get_by_role("alert")).to_have_text(
        {"en": "This is not the portal's token.", "fr": "Ce n’est pas le jeton du portail."}[language]
    )
    visit.picture(f"log-in-{language}")
    visit.expect_refusal()

    visit.log_in()

    title = {"en": "Hosted Services, Storage Accounts & CDN", "fr": "Services hébergés, Comptes de stockage et CDN"}
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(title[language])


@pytest.mark.parametrize("encoding", ["DER", "Base-64"])
def test_the_menu_of_the_subscription_adds_a_certificate_that_can_be_removed_again(
    visit: Visit, language: str, encoding: str, tmp_path: Path
) -> None:
    page = visit.page
    add = {"en": "Add Certificate", "fr": "Ajouter un certificat"}[language]
    file = tmp_path / "management.cer"
    is_der = encoding == "DER"
    file.write_bytes(NEW.certificate.public_bytes(Encoding.DER) if is_der else certificate_pem(NEW.certificate))
    visit.log_in()
    page.locator(".menu summary").click()
    visit.picture(f"menu-{language}")
    visit.follow(page.get_by_role("link", name=add))
    page.get_by_label({"en": "Certificate file", "fr": "Fichier de certificat"}[language]).set_input_files(file)
    visit.picture(f"add-certificate-{language}")

    visit.follow(page.get_by_role("button", name="OK"))

    row = page.get_by_role("row").filter(has_text=NEW.thumbprint)
    expect(row).to_contain_text(f"{NEW.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    visit.follow(row.get_by_role("button"))
    expect(page.get_by_text(NEW.thumbprint)).to_have_count(0)


def test_a_file_that_is_no_certificate_is_explained_and_another_can_be_chosen(
    visit: Visit, tmp_path: Path, language: str
) -> None:
    page = visit.page
    bad, good = tmp_path / "bad.cer", tmp_path / "good.cer"
    bad.write_bytes(b"no certificate")
    good.write_bytes(NEW.certificate.public_bytes(Encoding.DER))
    visit.log_in()
    visit.follow(page.get_by_role("table").get_by_role("link").first)
    visit.follow(page.locator("a.button"))
    page.locator("input[type=file]").set_input_files(bad)

    visit.follow(page.get_by_role("button", name="OK"))

    expect(page.get_by_role("alert")).to_contain_text("bad.cer")
    visit.picture(f"bad-certificate-{language}")
    visit.expect_refusal()
    page.locator("input[type=file]").set_input_files(good)
    visit.follow(page.get_by_role("button", name="OK"))
    expect(page.get_by_text(NEW.thumbprint)).to_be_visible()


def test_what_the_cloud_runs_is_shown(visit: Visit, cloud: Cloud, language: str) -> None:
    cloud.make_service()
    cloud.wait_for(cloud.deploy(cscfg=configuration(count=2)).request_id)
    cloud.wait_until_ready(count=2)
    blob = blob_folder(cloud.state.root, "store1", "clouddp") / "content" / "a"
    blob.parent.mkdir()
    blob.write_bytes(bytes(5 * 2**20))
    address = cloud.deployment().text(".//VirtualIP/Address")
    visit.log_in()

    visit.follow(visit.page.get_by_role("table").get_by_role("link").first)

    article, main = visit.page.get_by_role("article"), visit.page.get_by_role("main")
    visit.picture(f"subscription-{language}")
    ready = {"en": "Ready", "fr": "Prêt"}[language]
    for text in (
        "http://d1594d4527614a09b934d470.cloudapp.net", ready, address, SERVICE.thumbprint,
        "DistributionPoint_IN_0 ReadyRole", "DistributionPoint_IN_1 ReadyRole", "West Europe",
    ):  # fmt: skip
        expect(article).to_contain_text(text)
    expect(main).to_contain_text(cloud.subscription_id)
    expect(visit.page.get_by_role("row").filter(has_text="store1")).to_contain_text(
        {"en": "5.0 MB", "fr": "5,0 Mo"}[language]
    )
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_small_screen_needs_no_scrolling_sideways_and_log_out_ends_the_session(visit: Visit, language: str) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.log_in()
    visit.follow(visit.page.get_by_role("table").get_by_role("link").first)
    visit.picture(f"small-{language}")

    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    visit.follow(visit.page.locator("header button"))
    visit.page.goto("/")
    expect(visit.page.locator("input[name=token]")).to_be_visible()
