from datetime import UTC, datetime

from clouddp.network.certificates import KeyedCertificate
from clouddp.network.issuers import is_issued_below
from clouddp.network.issuing import issue_management_certificate, issue_service_certificate, make_authority

NOW = datetime.now(UTC)


def test_a_certificate_is_below_whoever_issued_it_or_is_it_and_below_nobody_else() -> None:
    authority, stranger = make_authority("Contoso CA", now=NOW), make_authority("Contoso CA", now=NOW)
    service = issue_service_certificate(["clouddp1.contoso.com"], authority=authority, now=NOW)
    alone = issue_management_certificate("Site", now=NOW)

    assert is_issued_below(service, [stranger.certificate, authority.certificate])
    assert is_issued_below(alone, [alone.certificate])
    assert not is_issued_below(service, [stranger.certificate])
    assert not is_issued_below(service, [])


def test_the_way_may_lead_through_the_certificates_own_chain() -> None:
    middle = make_authority("Issuing CA", now=NOW)
    service = issue_service_certificate(["clouddp1.contoso.com"], authority=middle, now=NOW)
    with_chain = KeyedCertificate(service.certificate, service.key, (middle.certificate, service.certificate))

    assert is_issued_below(with_chain, [middle.certificate])
    assert not is_issued_below(with_chain, [issue_management_certificate("Site", now=NOW).certificate])
