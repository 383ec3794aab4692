from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.model.errors import CloudError, ConflictError, RefusedError, SiteError, TemporaryError
from clouddp.network.certificates import certificate_pem
from clouddp.network.issuing import make_authority
from clouddp.providers.azure_classic.management_api import ManagementApi
from tests.unit.providers.azure_classic.scripted_cloud import (
    SUBSCRIPTION_ID,
    Answer,
    ScriptedCloud,
    error_body,
    management_certificate,
)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(cloud: ScriptedCloud, clock: Clock) -> ManagementApi:
    return ManagementApi(cloud.settings(), sleep=clock.sleep, now=clock.now, chance=lambda: 0.0)


def test_a_request_carries_the_version_and_the_management_certificate(cloud: ScriptedCloud, api: ManagementApi) -> None:
    cloud.script("GET", "/locations", Answer(body="<Locations/>"))

    assert api.read("/locations") is not None

    assert cloud.asked[0].headers["x-ms-version"] == "2014-10-01"
    assert "authorization" not in cloud.asked[0].headers
    assert cloud.asked[0].client_certificate == management_certificate().certificate.public_bytes(Encoding.DER)


def test_what_the_cloud_does_not_have_is_none(api: ManagementApi) -> None:
    assert api.read("/services/hostedservices/abc") is None


def test_a_busy_cloud_is_asked_again_when_it_says(cloud: ScriptedCloud, api: ManagementApi, clock: Clock) -> None:
    busy = error_body("ServerBusy", "Please retry your request.")
    cloud.script(
        "GET", "/locations", Answer(503, busy, {"Retry-After": "7"}), Answer(429, busy), Answer(body="<Locations/>")
    )

    assert api.read("/locations") is not None

    assert clock.slept == [7.0, 0.25]


def test_patience_has_an_end_and_tells_what_the_cloud_said(
    cloud: ScriptedCloud, api: ManagementApi, clock: Clock
) -> None:
    cloud.script("GET", "/locations", Answer(503, error_body("ServerBusy", "Please retry."), {"Retry-After": "90"}))

    with pytest.raises(TemporaryError) as caught:
        api.read("/locations")

    assert caught.value.code == "cloud.busy"
    assert caught.value.arguments["detail"] == "Please retry."
    assert caught.value.retry_after_seconds == 90
    assert clock.slept == []


def test_a_change_that_may_have_been_made_is_not_sent_again_blindly(cloud: ScriptedCloud, api: ManagementApi) -> None:
    cloud.script("POST", "/services/hostedservices", Answer(500, error_body("InternalError", "Oops.")))

    with pytest.raises(TemporaryError):
        api.write("POST", "/services/hostedservices", b"<x/>")

    assert len(cloud.asked) == 1


def test_an_unknown_certificate_is_told_with_thumbprint_and_subscription(
    cloud: ScriptedCloud, api: ManagementApi
) -> None:
    cloud.script("GET", "", Answer(403, error_body("ForbiddenError", "The server failed to authenticate the request.")))

    with pytest.raises(RefusedError) as caught:
        api.read("")

    assert caught.value.code == "cloud.certificate_not_known"
    assert caught.value.arguments["thumbprint"] == management_certificate().thumbprint
    assert caught.value.arguments["subscription_id"] == SUBSCRIPTION_ID


@pytest.mark.parametrize(
    ("status", "cloud_code", "message", "kind", "code"),
    [
        (403, "SubscriptionDisabled", "Disabled.", CloudError, "cloud.subscription_disabled"),
        (400, "BadRequest", "The name is not valid.", CloudError, "cloud.refused"),
        (409, "ConflictError", "The name is taken.", ConflictError, "cloud.conflict"),
        (409, "ConflictError", "is currently performing an operation on this", TemporaryError, "cloud.busy"),
        (407, "", "Proxy Authentication Required", TemporaryError, "cloud.proxy_refused"),
        (307, "TemporaryRedirect", "Elsewhere.", CloudError, "cloud.refused"),
    ],
)
def test_each_refusal_has_its_own_code(
    cloud: ScriptedCloud,
    api: ManagementApi,
    status: int,
    cloud_code: str,
    message: str,
    kind: type[SiteError],
    code: str,
) -> None:
    cloud.script("POST", "/x", Answer(status, error_body(cloud_code, message)))

    with pytest.raises(kind) as caught:
        api.write("POST", "/x")

    assert caught.value.code == code
    assert caught.value.arguments["detail"] in (message, "Disabled.")


@pytest.mark.parametrize(
    "body",
    ["<html><body>Welcome", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "no document"],
    ids=["a web page", "an entity", "text"],
)
def test_an_answer_of_somebody_else_is_told_as_such(cloud: ScriptedCloud, api: ManagementApi, body: str) -> None:
    cloud.script("GET", "/locations", Answer(body=body))

    with pytest.raises(CloudError) as caught:
        api.read("/locations")

    assert caught.value.code == "cloud.answer_not_understood"


def test_an_answer_without_end_is_cut(cloud: ScriptedCloud, api: ManagementApi) -> None:
    cloud.script("GET", "/locations", Answer(body="x" * (5 * 2**20)))

    with pytest.raises(CloudError):
        api.read("/locations")


def test_a_lost_answer_may_pass(cloud: ScriptedCloud, api: ManagementApi) -> None:
    cloud.script("GET", "/locations", Answer(hangs_up=True))

    with pytest.raises(TemporaryError) as caught:
        api.read("/locations")

    assert caught.value.code == "cloud.unreachable"


def test_a_look_that_got_no_answer_is_repeated_and_a_change_is_not(
    cloud: ScriptedCloud, api: ManagementApi, clock: Clock
) -> None:
    cloud.script("GET", "/locations", Answer(hangs_up=True), Answer(body="<Locations/>"))
    cloud.script("POST", "/services/hostedservices", Answer(hangs_up=True), Answer(201))

    assert api.read("/locations") is not None
    assert clock.slept == [0.125]
    with pytest.raises(TemporaryError):
        api.write("POST", "/services/hostedservices", b"<x/>")

    assert len(cloud.asked) == 3


def test_a_server_of_another_authority_is_not_trusted(cloud: ScriptedCloud) -> None:
    other = certificate_pem(make_authority("Other", now=datetime.now(UTC)).certificate).decode()
    api = ManagementApi(cloud.settings(authorities_pem=other))

    with pytest.raises(CloudError) as caught:
        api.read("")

    assert caught.value.code == "cloud.not_trusted"


def test_nobody_at_the_address_is_unreachable(cloud: ScriptedCloud) -> None:
    cloud.url = "https://127.0.0.1:9"

    with pytest.raises(TemporaryError) as caught:
        ManagementApi(cloud.settings()).read("")

    assert caught.value.code == "cloud.unreachable"
