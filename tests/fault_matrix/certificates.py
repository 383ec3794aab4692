"""The certificates of the tests, made once for each process."""

import base64
from datetime import UTC, datetime
from functools import cache
from typing import Any

from clouddp.network.certificates import KeyedCertificate, to_pfx
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority

PASSWORD = "pfx password"


@cache
def authority() -> KeyedCertificate:
    return make_authority("Contoso CA", now=datetime.now(UTC))


@cache
def management() -> KeyedCertificate:
    return issue_management_certificate("Contoso management", now=datetime.now(UTC))


@cache
def of_services() -> tuple[KeyedCertificate, KeyedCertificate]:
    """Make two certificates of one name, for all services of the tests."""
    now = datetime.now(UTC)
    first, second = (issue_service_certificate(["*.contoso.com"], authority=authority(), now=now) for _ in range(2))
    return first, second


@cache
def foreign() -> KeyedCertificate:
    return issue_service_certificate(["shop.example.com"], authority=authority(), now=datetime.now(UTC))


@cache
def management_pfx() -> dict[str, Any]:
    return _uploaded(management())


@cache
def service_pfx(which: int) -> dict[str, Any]:
    return _uploaded(of_services()[which])


def _uploaded(keyed: KeyedCertificate) -> dict[str, Any]:
    return {"pfx_base64": base64.b64encode(to_pfx(keyed, PASSWORD)).decode("ascii"), "password": PASSWORD}
