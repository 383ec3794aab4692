"""The sealed certificates of the cloud distribution points."""

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from clouddp.network.certificates import KeyedCertificate, to_pfx
from clouddp.site_server.database.cloud_service_secrets import (
    CertificateFile,
    CloudServiceSecrets,
    cloud_service_secret,
)
from clouddp.site_server.database.engine import open_database, write
from clouddp.site_server.database.sealing import Sealer
from clouddp.site_server.database.tables import metadata
from tests.unit.cloud_services.site_bench import PASSWORD, management_certificate, service_certificate


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_database(tmp_path / "site.db")
    metadata.create_all(engine)
    return engine


def test_a_certificate_comes_back_with_its_chain_and_its_key(engine: Engine) -> None:
    secrets = _kept(engine, Sealer(os.urandom(32)))

    assert _is_same(secrets.service_certificate("s1"), service_certificate())


def test_a_pfx_file_that_an_earlier_version_kept_is_opened_with_its_password(engine: Engine) -> None:
    sealer = Sealer(os.urandom(32))
    secrets = _kept(engine, sealer)
    pfx = to_pfx(service_certificate(), PASSWORD)
    sealed = sealer.seal(pfx, table="cloud_service_secret", row="s1", column="service_pfx")
    with write(engine) as connection:
        connection.execute(update(cloud_service_secret).values(service_pfx=sealed))

    assert _is_same(secrets.service_certificate("s1"), service_certificate())


def _kept(engine: Engine, sealer: Sealer) -> CloudServiceSecrets:
    secrets = CloudServiceSecrets(engine, sealer)
    with write(engine) as connection:
        secrets.keep(
            connection,
            "s1",
            management=CertificateFile(management_certificate(), PASSWORD),
            service=CertificateFile(service_certificate(), PASSWORD),
            authorities_pem=None,
        )
    return secrets


def _is_same(one: KeyedCertificate, other: KeyedCertificate) -> bool:
    keys = [keyed.key.private_numbers() for keyed in (one, other)]
    return (one.certificate, one.chain) == (other.certificate, other.chain) and keys[0] == keys[1]
