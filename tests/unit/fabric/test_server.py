"""A fabric keeps its ports and its folder to itself, and says what keeps it from starting."""

import json
import socket
from pathlib import Path

import pytest

from clouddp.fabric.server import FabricOptions, run_fabric
from clouddp.model.errors import ConflictError, DamagedError, InvalidInputError, SiteError


def test_addresses_are_the_same_after_a_restart(tmp_path: Path) -> None:
    with run_fabric(FabricOptions(state=tmp_path)) as before:
        pass
    with run_fabric(FabricOptions(state=tmp_path)) as after:
        pass

    assert before == after
    assert Path(before["ca_file"]).read_text(encoding="ascii").startswith("-----BEGIN CERTIFICATE-----")
    assert before["zones"] == ["cloudapp.net"]


def test_a_second_fabric_on_the_folder_is_refused(tmp_path: Path) -> None:
    with (
        run_fabric(FabricOptions(state=tmp_path)) as first,
        pytest.raises(ConflictError) as caught,
        run_fabric(FabricOptions(state=tmp_path)),
    ):
        pass

    assert caught.value.code == "fabric.state_in_use"
    assert caught.value.arguments["pid"] == str(first["pid"])


def test_a_port_in_use_is_named_and_everything_let_go(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConflictError) as caught, run_fabric(FabricOptions(state=tmp_path, port=port)):
            pass

    assert (caught.value.code, caught.value.arguments["port"]) == ("server.port_in_use", port)
    with run_fabric(FabricOptions(state=tmp_path, port=port)) as running:
        assert running["management_url"].endswith(f":{port}")


def test_a_zone_is_served_and_its_key_made_once(tmp_path: Path) -> None:
    key_file = tmp_path / "key.json"
    options = FabricOptions(state=tmp_path / "state", zone="contoso.com", zone_key_file=key_file)

    with run_fabric(options) as running:
        made = json.loads(key_file.read_bytes())
    with run_fabric(options):
        pass

    assert running["zones"] == ["cloudapp.net", "contoso.com"]
    assert set(made) == {"name", "algorithm", "secret_base64"}
    assert json.loads(key_file.read_bytes()) == made
    assert key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "a", "algorithm": "none", "secret_base64": "AAAA"}'])
def test_a_key_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    key_file = tmp_path / "key.json"
    key_file.write_text(content, encoding="utf-8")
    options = FabricOptions(state=tmp_path / "state", zone="contoso.com", zone_key_file=key_file)

    with pytest.raises(InvalidInputError, match="zone_key_damaged"), run_fabric(options):
        pass

    assert key_file.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("zone", ["cloudapp.net", "../contoso", "CONTOSO.com", "a..b", ""])
def test_a_zone_that_cannot_be_served_is_refused(tmp_path: Path, zone: str) -> None:
    options = FabricOptions(state=tmp_path, zone=zone, zone_key_file=tmp_path / "key.json")

    with pytest.raises(InvalidInputError, match="zone_invalid"), run_fabric(options):
        pass


def test_a_zone_needs_a_key_file(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidInputError, match="zone_key_missing"),
        run_fabric(FabricOptions(state=tmp_path, zone="contoso.com")),
    ):
        pass


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SiteError, match="state_unusable"), run_fabric(FabricOptions(state=tmp_path / "file")):
        pass


def test_a_damaged_document_is_named(tmp_path: Path) -> None:
    with run_fabric(FabricOptions(state=tmp_path)):
        pass
    document = next((tmp_path / "documents" / "subscriptions").glob("*.json"))
    document.write_text("{", encoding="utf-8")

    with pytest.raises(DamagedError) as caught, run_fabric(FabricOptions(state=tmp_path)):
        pass

    assert caught.value.arguments["path"] == document
