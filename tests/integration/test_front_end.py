"""One front end as a process: who gets what, HTTP as RFC 9110 says, and how it begins and ends."""

import http.client
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clouddp.client.connection import Origin, OriginConnection
from clouddp.network.certificates import key_pem
from clouddp.network.issuing import issue_service_certificate
from clouddp.network.signed import Purpose, sign
from clouddp.network.signing_keys import new_signing_key
from clouddp.network.tls import client_context
from clouddp.network.tokens import issue_access_token, make_assertion
from tests.integration.download_site import FQDN, SERVICE_ID, DownloadSite, read_line, stop
from tests.unit.fabric.builders import wait_until

Answer = tuple[int, http.client.HTTPMessage, bytes]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DownloadSite]:
    made = DownloadSite(tmp_path_factory.mktemp("front-end"))
    try:
        made.write_state()
        made.publish({"file": bytes(1_000_000), "other": b"1" * 1000})
        made.start_instance()
        yield made
    finally:
        made.close()


def connection(site: DownloadSite) -> OriginConnection:
    origin = Origin(host=FQDN, port=site.port, address="127.0.0.1")
    return OriginConnection(origin, client_context(authorities_pem=site.authorities_pem))


def ask(site: DownloadSite, path: str, *, method: str = "GET", token: str | None = None, **headers: str) -> Answer:
    opened = connection(site)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["Authorization"] = f"Bearer {token}"
        opened.request(method, path, headers=named)
        response = opened.getresponse()
        return response.status, response.headers, response.read()
    finally:
        opened.close()


def manifest_path(site: DownloadSite) -> str:
    assert site.shelf.newest is not None
    return f"/content/{site.shelf.newest.manifest_name}"


def stored(site: DownloadSite) -> bytes:
    return (site.storage / manifest_path(site).lstrip("/")).read_bytes()


def test_the_holder_of_a_token_gets_the_object(site: DownloadSite) -> None:
    status, headers, body = ask(site, manifest_path(site), token=site.token())

    assert (status, body) == (200, stored(site))
    assert headers["Content-Length"] == str(len(body))
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["ETag"].startswith('"')


def test_head_says_the_same_without_the_octets(site: DownloadSite) -> None:
    status, headers, body = ask(site, manifest_path(site), method="HEAD", token=site.token())

    assert (status, headers["Content-Length"], body) == (200, str(len(stored(site))), b"")


@pytest.mark.parametrize(
    ("wanted", "start", "end"), [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-7", -7, None)]
)
def test_a_range_is_answered_with_its_octets(site: DownloadSite, wanted: str, start: int, end: int | None) -> None:
    status, headers, body = ask(site, manifest_path(site), token=site.token(), Range=wanted)

    whole = stored(site)
    assert (status, body) == (206, whole[start:end])
    first = start % len(whole)
    assert headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"


def test_a_range_behind_the_end_is_416(site: DownloadSite) -> None:
    status, headers, body = ask(site, manifest_path(site), token=site.token(), Range="bytes=99999999-")

    assert (status, headers["Content-Range"], body) == (416, f"bytes */{len(stored(site))}", b"")


def test_an_object_that_the_caller_has_is_304_and_a_changed_one_is_sent_whole(site: DownloadSite) -> None:
    tag = ask(site, manifest_path(site), token=site.token())[1]["ETag"]

    assert ask(site, manifest_path(site), token=site.token(), If_None_Match=tag)[0] == 304
    assert ask(site, manifest_path(site), token=site.token(), Range="bytes=0-1", If_Range=tag)[0] == 206
    assert ask(site, manifest_path(site), token=site.token(), Range="bytes=0-1", If_Range='"other"')[0] == 200


FORGERIES: dict[str, Callable[[DownloadSite], str]] = {
    "signed by somebody else": lambda site: issue_access_token(
        key=new_signing_key(), issuer="mp", client_id="c", service_id=SERVICE_ID, version_id="a" * 32, now=_now()
    ),
    "for another distribution point": lambda site: site.token(service_id="0" * 32),
    "expired": lambda site: issue_access_token(
        key=site.token_key, issuer="mp", client_id="c", service_id=SERVICE_ID, version_id="a" * 32,
        now=_now() - timedelta(hours=9),
    ),
    "not yet valid": lambda site: issue_access_token(
        key=site.token_key, issuer="mp", client_id="c", service_id=SERVICE_ID, version_id="a" * 32,
        now=_now() + timedelta(hours=1),
    ),
    "an assertion": lambda site: make_assertion(
        key=site.token_key, client_id="c", audience=SERVICE_ID, now=_now()
    ),
    "a state": lambda site: (site.storage / "state/service").read_text(),
    "of another purpose by the right key": lambda site: sign({"sub": "c"}, key=site.token_key, purpose=Purpose.STATE),
    "nonsense": lambda site: "a.b.c",
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=list(FORGERIES))
def test_a_token_that_is_not_ours_for_here_and_now_is_401(
    site: DownloadSite, forge: Callable[[DownloadSite], str]
) -> None:
    status, headers, body = ask(site, manifest_path(site), token=forge(site))

    assert status == 401
    assert 'error="invalid_token"' in headers["WWW-Authenticate"]
    assert b"Traceback" not in body


def test_without_a_token_there_is_a_challenge_and_nothing_else(site: DownloadSite) -> None:
    status, headers, _body = ask(site, manifest_path(site))

    assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="clouddp"')


def test_a_token_for_another_version_meets_the_answer_of_an_absent_name(site: DownloadSite) -> None:
    out_of_scope = ask(site, manifest_path(site), token=site.token(version_id="0" * 32))
    absent = ask(site, f"/content/{'0' * 32}", token=site.token())

    assert out_of_scope[0] == absent[0] == 404
    assert out_of_scope[2] == absent[2]
    assert _without_date(out_of_scope[1]) == _without_date(absent[1])


@pytest.mark.parametrize(
    "path",
    ["/", "/content/", "/content/../state/service", "/content/..%2fstate%2fservice", "/state/service", "/x" * 500],
)
def test_every_other_path_is_404(site: DownloadSite, path: str) -> None:
    assert ask(site, path, token=site.token())[0] == 404


def test_other_methods_are_405(site: DownloadSite) -> None:
    status, headers, _body = ask(site, manifest_path(site), method="DELETE", token=site.token())

    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_health_says_ok_and_nothing_else(site: DownloadSite) -> None:
    assert ask(site, "/health")[::2] == (200, b"ok\n")


def test_the_access_log_holds_no_token(site: DownloadSite) -> None:
    token = site.token()
    ask(site, manifest_path(site) + "?token=" + token, token=token)

    log = (site.root / "DistributionPoint_IN_0" / "access.jsonl").read_text()
    assert manifest_path(site) in log
    assert token not in log


def test_tls_1_2_is_spoken(site: DownloadSite) -> None:
    context = client_context(authorities_pem=site.authorities_pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    opened = OriginConnection(Origin(host=FQDN, port=site.port, address="127.0.0.1"), context)

    opened.request("GET", "/health")

    assert opened.getresponse().status == 200
    opened.close()


def test_an_older_state_is_refused_even_after_a_restart_and_a_blocked_client_is_shut_out(tmp_path: Path) -> None:
    made = DownloadSite(tmp_path)
    try:
        made.write_state(sequence=4)
        old = made.store.get("state/service")
        made.publish({"file": b"1"})
        token = made.token(client_id="c7")
        made.write_state(sequence=5, blocked={"c7": datetime.now(UTC) + timedelta(seconds=5)})
        instance = made.start_instance()

        refused = ask(made, manifest_path(made), token=token)[0]
        allowed = ask(made, manifest_path(made), token=made.token(client_id="c8"))[0]
        stop(instance)
        made.store.put("state/service", old)
        restarted = _start_without_state(made)
        log = tmp_path / "DistributionPoint_IN_0/DistributionPoint.log"
        wait_until(log.read_text, lambda text: "State 4 of epoch 1 was refused" in text)

        assert (refused, allowed) == (401, 200)
        assert read_line(restarted, seconds=0.1) == b"{}"  # it does not say that it is ready
    finally:
        made.close()


def test_a_stopped_service_answers_503(tmp_path: Path) -> None:
    made = DownloadSite(tmp_path)
    try:
        made.publish({"file": b"1"})
        made.write_state(running=False)
        made.start_instance()

        status, headers, _body = ask(made, manifest_path(made), token=made.token())

        assert (status, headers["Retry-After"]) == (503, "10")
    finally:
        made.close()


def test_it_ends_at_once_when_its_starter_is_gone_and_cleanly_when_asked(tmp_path: Path) -> None:
    made = DownloadSite(tmp_path)
    try:
        made.write_state()
        orphan, asked = made.start_instance("IN_0"), made.start_instance("IN_1")
        idle = connection(made)
        idle.request("GET", "/health")
        idle.getresponse().read()

        assert orphan.stdin is not None
        orphan.stdin.close()
        orphan.wait(2)
        before = time.monotonic()
        code = stop(asked)

        assert code == 0
        assert time.monotonic() - before < 8
        idle.close()
    finally:
        made.close()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("StorageKind", "azure"),
        ("Delivery", "redirect"),
        ("ListenAddress", "nowhere"),
        ("SiteStateKey", "{}"),
        ("CertificateThumbprint", "0" * 40),
        ("Surprise", "1"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, setting: str, value: str) -> None:
    made = DownloadSite(tmp_path)
    path = made.write_configuration("IN_0", **{setting: value})

    ended = subprocess.run(
        [*_command(), str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
    )

    assert ended.returncode == 2
    assert setting in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_key_that_does_not_fit_its_certificate_is_told(tmp_path: Path) -> None:
    made = DownloadSite(tmp_path)
    path = made.write_configuration("IN_0")
    other = issue_service_certificate([FQDN], authority=made.authority, now=made.now)
    (path.parent / f"{made.certificate.thumbprint}.key").write_bytes(key_pem(other))

    ended = subprocess.run(
        [*_command(), str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert "CertificateThumbprint" in ended.stderr


def _command() -> list[str]:

    return [sys.executable, "-m", "clouddp", "distribution-point", "run", "--configuration"]


def _start_without_state(made: DownloadSite) -> subprocess.Popen[bytes]:
    path = made.root / "DistributionPoint_IN_0" / "configuration.json"
    instance = subprocess.Popen(
        [*_command(), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, cwd=path.parent
    )
    made.instances.append(instance)
    return instance


def _without_date(headers: http.client.HTTPMessage) -> list[tuple[str, str]]:
    return [item for item in headers.items() if item[0].lower() != "date"]


def _now() -> datetime:
    return datetime.now(UTC)
