"""`clouddp fabric trouble` and the endpoint behind it: what they take, what they refuse, and what outlives a crash."""

import contextlib
import json
import threading
from pathlib import Path

import httpx2
import pytest

from clouddp.fabric.trouble.troubles import HELD_LIMIT
from clouddp.network.tls import client_context
from tests.integration.troubled_fabric import (
    SERVICES,
    STORAGE,
    TroubledFabric,
    run_trouble_command,
    texts,
    troubled_fabric,
    wait_until,
)


@pytest.fixture
def fabric(fabric_without_trouble: TroubledFabric) -> TroubledFabric:
    return fabric_without_trouble


def test_the_command_adds_what_strikes_then_and_lists_it(fabric: TroubledFabric) -> None:
    added = fabric.command("add", "error", "--operation", "list-locations", "--status", "503", "--json")
    rule = json.loads(added.stdout)
    assert (added.returncode, rule["kind"], rule["operation"]) == (0, "error", "list-locations")
    assert fabric.call("GET", "/locations").status_code == 503

    listed = fabric.command("list")
    assert listed.returncode == 0
    heading, line = listed.stdout.splitlines()
    assert heading.split() == ["ID", "Kind", "Meets", "Does", "Struck"]
    assert line.split() == [rule["id"], "error", "operation=list-locations", "status=503", "1"]


@pytest.mark.slow
def test_the_command_refuses_a_rule_with_all_that_is_wrong_in_the_readers_language(fabric: TroubledFabric) -> None:
    refused = fabric.command("add", "delay", "--times", "0", "--region", "Mars", language="fr")

    assert refused.returncode == 2
    assert "Un incident de type delay a besoin du champ seconds." in refused.stderr
    assert "times n’est pas un nombre entier" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert fabric.admin("GET").json() == []


@pytest.mark.slow
def test_the_command_removes_and_ends_with_the_code_of_what_is_wrong(fabric: TroubledFabric, tmp_path: Path) -> None:
    added = fabric.add("error", status=503, operation="list-locations")
    removed = fabric.command("remove", added["id"])
    assert (removed.returncode, removed.stdout) == (0, f"Trouble {added['id']} is removed.\n")
    assert fabric.call("GET", "/locations").status_code == 200

    unknown = fabric.command("remove", "0badc0de", "--json")
    assert (unknown.returncode, json.loads(unknown.stderr)["code"]) == (3, "trouble.not_found")

    cleared = fabric.command("clear")
    assert (cleared.returncode, cleared.stdout) == (0, "No trouble is in force any more.\n")

    empty = fabric.command("list", language="fr")
    assert (empty.returncode, empty.stdout) == (0, "Aucun incident n’est en vigueur.\n")

    absent = run_trouble_command(tmp_path, "list", "--json")
    assert (absent.returncode, json.loads(absent.stderr)["code"]) == (3, "trouble.no_fabric_here")

    help_page = fabric.command("add", "--help")
    assert "Example: clouddp fabric trouble add error" in " ".join(help_page.stdout.split())


@pytest.mark.slow
def test_the_command_says_that_the_fabric_does_not_run_or_has_another_token(tmp_path: Path) -> None:
    with troubled_fabric(tmp_path / "cloud") as fabric:
        token_file = Path(fabric.process.addresses["portal_token_file"])
        token = token_file.read_text(encoding="ascii")
        token_file.write_text("another-token", encoding="ascii")
        refused = fabric.command("list", "--json")
        token_file.write_text(token, encoding="ascii")

        fabric.process.kill()
        unreachable = fabric.command("list", "--json")

    assert (refused.returncode, json.loads(refused.stderr)["code"]) == (4, "trouble.token_refused")
    assert (unreachable.returncode, json.loads(unreachable.stderr)["code"]) == (1, "trouble.fabric_unreachable")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_endpoint_wants_the_portals_token(fabric: TroubledFabric, method: str) -> None:
    fabric.add("delay", seconds=0, operation="nothing")

    assert fabric.admin(method, token="wrong").status_code == 401
    assert fabric.admin(method, token=fabric.process.addresses["subscription_id"]).status_code == 401
    assert len(fabric.admin("GET").json()) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "trouble.not_json"),
        (b"{", 400, "trouble.not_json"),
        (b'{"kind":"delay","seconds":1,"seconds":2}', 400, "trouble.not_json"),
        (b'{"kind":"delay","seconds":NaN}', 400, "trouble.not_json"),
        (b"[" * 8_000, 400, "trouble.not_json"),
        (b"\xff\xfe", 400, "trouble.not_json"),
        (b"[]", 400, "trouble.not_an_object"),
        (b'{"kind":"earthquake"}', 400, "trouble.kind_unknown"),
        (b'{"kind":"delay"}', 400, "trouble.rule_invalid"),
        (b'{"kind":"delay",' + b" " * 20_000 + b'"seconds":1}', 413, None),
    ],
)
def test_the_endpoint_refuses_what_is_no_rule(
    fabric: TroubledFabric, body: bytes, status: int, code: str | None
) -> None:
    addresses = fabric.process.addresses
    token = Path(addresses["portal_token_file"]).read_text(encoding="ascii")
    context = client_context(authorities_pem=fabric.process.authorities_pem)
    with httpx2.Client(verify=context, trust_env=False, headers={"Authorization": f"Bearer {token}"}) as client:
        answer = client.post(f"{addresses['portal_url']}/trouble", content=body)

    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert fabric.admin("GET").json() == []


def test_the_portal_shows_the_trouble_in_force(fabric: TroubledFabric) -> None:
    fabric.add("error", status=503, operation="list-locations", message="<script>alert(1)</script>")
    addresses = fabric.process.addresses
    token = Path(addresses["portal_token_file"]).read_text(encoding="ascii")

    context = client_context(authorities_pem=fabric.process.authorities_pem)
    with httpx2.Client(base_url=addresses["portal_url"], verify=context, trust_env=False) as browser:
        assert browser.post("/login", data={"token": token}).status_code == 303
        page = browser.get("/")

    assert "Trouble in force" in page.text
    assert "operation=list-locations" in page.text
    assert "<script>" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_trouble_and_its_counts_outlive_the_fabric_killed(tmp_path: Path) -> None:
    with troubled_fabric(tmp_path / "cloud") as fabric:
        fabric.add("error", status=503, operation="list-locations", after=1, times=2)
        fabric.add("failed-operation", seconds=1, operation="create-storage-account", name="failed*", times=1)
        fabric.add("delay", seconds=1, operation="create-storage-account", name="late*", times=1)
        failing, delayed = fabric.create_account("failed1"), fabric.create_account("late1")
        before = [fabric.call("GET", "/locations").status_code for _ in range(2)]

        fabric.process.kill()
        fabric.process.start()

        after = [fabric.call("GET", "/locations").status_code for _ in range(3)]
        ends = [fabric.end_of(answer) for answer in (failing, delayed)]
        troubles = fabric.admin("GET").json()

        assert (before, after) == ([200, 503], [503, 200, 200])
        assert [end["Status"] for end in ends] == ["Failed", "Succeeded"]
        assert ends[0]["Code"] == "InternalError"
        assert [(each["struck"], each["is_spent"]) for each in troubles] == [(2, True), (1, True), (1, True)]
        assert fabric.call("GET", f"{STORAGE}/failed1").status_code == 404
        assert texts(fabric.call("GET", f"{STORAGE}/late1"))["Status"] == "Created"


@pytest.mark.slow
def test_a_rule_for_one_strike_never_strikes_twice_whenever_the_fabric_is_killed(tmp_path: Path) -> None:
    with troubled_fabric(tmp_path / "cloud") as fabric:
        for moment in (0.0, 0.005, 0.01, 0.02, 0.04):
            fabric.clear()
            fabric.add("lost-answer", operation="get-hosted-service", times=1)
            killer = threading.Timer(moment, fabric.process.kill)
            killer.start()
            for _ in range(10):
                with contextlib.suppress(httpx2.HTTPError):  # by the rule, or by the end of the process
                    fabric.call("GET", f"{SERVICES}/absent", timeout=5)
            killer.join()
            fabric.process.start()
            (rule,) = fabric.admin("GET").json()
            if not rule["struck"]:
                with pytest.raises(httpx2.RemoteProtocolError):
                    fabric.call("GET", f"{SERVICES}/absent")

            assert fabric.call("GET", f"{SERVICES}/absent").status_code == 404
            assert fabric.admin("GET").json()[0]["struck"] == 1


@pytest.mark.slow
def test_held_requests_leave_room_for_others_and_are_bounded(fabric: TroubledFabric) -> None:
    fabric.add("delay", seconds=3_600, operation="list-locations")
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(fabric.call("GET", "/locations", timeout=120).status_code))
        for _ in range(HELD_LIMIT)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: fabric.admin("GET").json()[0]["struck"], lambda struck: struck == HELD_LIMIT)

    busy = fabric.call("GET", "/locations")
    others = [fabric.call("GET", SERVICES).status_code for _ in range(5)]
    fabric.clear()
    for thread in threads:
        thread.join(30)

    assert (busy.status_code, texts(busy)["Code"], busy.headers["retry-after"]) == (503, "ServerBusy", "1")
    assert others == [200] * 5
    assert answers == [200] * HELD_LIMIT
