import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clouddp.fabric.names.name_server import NameServer, start_name_server
from clouddp.fabric.names.zone_file import open_zone_file
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import InvalidInputError, RefusedError
from clouddp.network.certificates import KeyedCertificate
from clouddp.network.dns_update import ZoneAccess
from clouddp.network.tls import server_context
from clouddp.site_server.database.clients import ClientRepository
from clouddp.site_server.database.dns_zones import DnsZoneRepository
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.service_names import ServiceNames
from tests.unit.client.small_name_server import name_server as answering_server
from tests.unit.cloud_services.memory_cloud import MemoryCloud
from tests.unit.cloud_services.site_bench import SiteBench, request, service_certificate

SECRET = b"0123456789abcdef0123456789abcdef"
KEY_NAME = "clouddp.contoso.com"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteBench]:
    bench = SiteBench(tmp_path, MemoryCloud(tmp_path / "cloud"))
    yield bench
    bench.database.dispose()


@pytest.fixture
def service(site: SiteBench) -> CloudService:
    return site.use_cases.create(request(), idempotency_key=None)


@pytest.fixture
def name_server(tmp_path: Path, service: CloudService) -> Iterator[NameServer]:
    zone = open_zone_file(tmp_path / "contoso.zone", "contoso.com", keys={KEY_NAME: SECRET}, server_address="127.0.0.1")
    addresses = {service.site_host: "127.0.0.1"}
    server = start_name_server(lookup=addresses.get, zone_files=[zone], host="127.0.0.1", port=0)
    yield server
    server.close()


@pytest.fixture
def names(site: SiteBench) -> ServiceNames:
    return ServiceNames(
        services=site.records,
        zones=DnsZoneRepository(site.database, Sealer(bytes(32))),
        clients=ClientRepository(site.database),
        resolver=None,
    )


@pytest.fixture
def zone(name_server: NameServer) -> ZoneAccess:
    return ZoneAccess(
        zone="Contoso.com",
        server="127.0.0.1",
        port=name_server.port,
        key_name=KEY_NAME,
        secret=b64encode(SECRET).decode("ascii"),
    )


def test_a_published_name_leads_to_the_front_end_with_the_right_certificate(
    site: SiteBench, names: ServiceNames, service: CloudService, zone: ZoneAccess
) -> None:
    names.save_zone(zone)
    with front_end(site, service, service_certificate()):
        before = names.check(service.id)
        after = names.publish(service.id)

    assert [fault.code for fault in before.faults] == ["names.alias_missing"]
    assert after.faults == ()
    assert [(hop.kind, hop.value) for hop in after.hops] == [("CNAME", service.site_host), ("A", "127.0.0.1")]
    assert after.target == service.site_host


def test_another_certificate_at_the_address_is_told(
    site: SiteBench, names: ServiceNames, service: CloudService, zone: ZoneAccess
) -> None:
    names.save_zone(zone)
    with front_end(site, service, service_certificate("other.contoso.com")):
        check = names.publish(service.id)

    assert [fault.code for fault in check.faults] == ["cloud.other_certificate"]


def test_a_silent_front_end_and_one_that_does_not_exist_yet_are_told(
    site: SiteBench, names: ServiceNames, service: CloudService, zone: ZoneAccess
) -> None:
    names.save_zone(zone)

    missing = names.publish(service.id)
    site.records.set_address(service.id, generation=1, virtual_ip="127.0.0.1", port=9)
    silent = names.check(service.id)

    assert [fault.code for fault in missing.faults] == ["cloud.without_front_end"]
    assert [fault.code for fault in silent.faults] == ["cloud.front_end_silent"]


def test_a_name_outside_every_zone_is_not_published_and_the_record_to_make_is_told(
    names: ServiceNames, service: CloudService
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        names.publish(service.id)

    assert caught.value.arguments == {"fqdn": service.service_fqdn, "target": service.site_host}


def test_a_key_that_the_zone_does_not_know_is_refused(
    names: ServiceNames, service: CloudService, zone: ZoneAccess
) -> None:
    names.save_zone(replace(zone, secret=b64encode(bytes(32)).decode("ascii")))

    with pytest.raises(RefusedError):
        names.publish(service.id)


def test_a_zone_is_replaced_and_its_secret_is_not_in_the_database_file(
    site: SiteBench, names: ServiceNames, zone: ZoneAccess, tmp_path: Path
) -> None:
    names.save_zone(zone)
    names.save_zone(replace(zone, server="127.0.0.2"))

    assert [(known.zone, known.server, known.secret) for known in names.list_zones()] == [
        ("contoso.com", "127.0.0.2", zone.secret)
    ]
    site.database.dispose()
    assert zone.secret.encode() not in b"".join(file.read_bytes() for file in tmp_path.glob("site.db*"))


@pytest.mark.parametrize(
    ("given", "code"),
    [({"secret": "no base64!"}, "names.secret_not_base64"), ({"algorithm": "md2"}, "names.algorithm_unknown")],
)
def test_a_key_that_cannot_sign_is_refused_before_it_is_kept(
    names: ServiceNames, zone: ZoneAccess, given: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        names.save_zone(replace(zone, **given))  # type: ignore[arg-type]  # both fields are texts

    assert caught.value.code == code
    assert names.list_zones() == []


class front_end:  # noqa: N801 (used as a context manager)
    """Something that speaks TLS with a certificate, noted as the service's front end."""

    def __init__(self, site: SiteBench, service: CloudService, certificate: KeyedCertificate) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        self._server.socket = server_context(certificate).wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the check hangs up after the handshake
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        site.records.set_address(service.id, generation=1, virtual_ip="127.0.0.1", port=self._server.server_port)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_where_a_name_is_used_already_is_looked_up_and_silence_is_told(site: SiteBench) -> None:
    clients = ClientRepository(site.database)
    with answering_server({"clouddp1.contoso.com.": ("A", "192.0.2.1")}) as resolver:
        zones = DnsZoneRepository(site.database, Sealer(bytes(32)))
        names = ServiceNames(services=site.records, zones=zones, clients=clients, resolver=resolver)
        used, free = names.use_of("clouddp1.contoso.com"), names.use_of("clouddp2.contoso.com")
    unusable = ServiceNames(services=site.records, zones=zones, clients=clients, resolver="nowhere")

    assert [(record.kind, record.value) for record in used.records] == [("A", "192.0.2.1")]
    assert (list(free.records), free.silence) == ([], None)
    assert unusable.use_of("clouddp1.contoso.com").silence is not None
