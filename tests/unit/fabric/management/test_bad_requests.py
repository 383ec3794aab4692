"""Whatever is wrong with a request, the answer is the protocol's error, and nothing is different afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clouddp.network.issuing import issue_management_certificate
from tests.unit.fabric.builders import (
    NAMESPACE,
    NOW,
    STORAGE_URL,
    Answer,
    Cloud,
    account_document,
    certificate_document,
    configuration,
    deployment_document,
    document,
    encoded,
    properties,
    running_cloud,
    service_document,
)

NAME = "d1594d4527614a09b934d470"
SERVICES, ACCOUNTS = "/services/hostedservices", "/services/storageservices"
SERVICE, ACCOUNT = f"{SERVICES}/{NAME}", f"{ACCOUNTS}/store1"
DEPLOYMENT = f"{SERVICE}/deployments/main"
STAGING = f"{SERVICE}/deploymentslots/staging"
BOMB = (
    "<!DOCTYPE a [<!ENTITY b 'bbbbbbbbbb'>"
    + "".join(f"<!ENTITY b{n} '{f'&b{n - 1 if n else str()};' * 10}'>" for n in range(9))
    + "]><a>&b8;</a>"
)
XML, QUERY, VERB, BAD = (
    "InvalidXmlRequest",
    "MissingOrInvalidRequiredQueryParameter",
    "InvalidHttpVerb",
    "BadRequest",
)
WRITES = {
    "hosted service": ("POST", SERVICES, "CreateHostedService"),
    "update of a hosted service": ("PUT", SERVICE, "UpdateHostedService"),
    "service certificate": ("POST", f"{SERVICE}/certificates", "CertificateFile"),
    "storage account": ("POST", ACCOUNTS, "CreateStorageServiceInput"),
    "update of a storage account": ("PUT", ACCOUNT, "UpdateStorageServiceInput"),
    "key": ("POST", f"{ACCOUNT}/keys?action=regenerate", "RegenerateKeys"),
    "management certificate": ("POST", "/certificates", "SubscriptionCertificate"),
    "deployment": ("POST", STAGING, "CreateDeployment"),
    "status": ("POST", f"{DEPLOYMENT}/?comp=status", "UpdateDeploymentStatus"),
    "configuration": ("POST", f"{DEPLOYMENT}/?comp=config", "ChangeConfiguration"),
    "upgrade": ("POST", f"{DEPLOYMENT}/?comp=upgrade", "UpgradeDeployment"),
}
"""Every request that has a body."""

BODIES: dict[str, str | bytes] = {
    "none": "",
    "text": "text",
    "broken": "<broken",
    "not closed": f"<CreateHostedService xmlns='{NAMESPACE}'>",
    "another document": document("Unheard"),
    "another namespace": '<CreateHostedService xmlns="https://schemas.microsoft.com/windowsazure"/>',
    "no namespace": "<CreateHostedService/>",
    "an entity": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "an outside entity": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "a document type": "<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'><a/>",
    "an entity bomb": BOMB,
    "an unknown encoding": '<?xml version="1.0" encoding="no-such"?><a/>',
    "an encoding of many bytes": '<?xml version="1.0" encoding="shift_jis"?><a/>',
    "another encoding": document("CreateHostedService", Description="é").encode("latin-1"),
    "half of UTF-16": "\ufeff<a/>".encode("utf-16-le")[:-1],
    "octets": b"\xff\xfe\x00",
    "nulls": b"\x00" * 100,
    "depth": "<a>" * 20_000,
    "JSON": '{"ServiceName": "service1"}',
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud with one of everything."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        running.make_service()
        accepted = running.deploy(cscfg=configuration(count=1), start=False)
        assert running.wait_for(accepted.request_id).text("Status") == "Succeeded"
        yield running


def contents(cloud: Cloud) -> dict[Path, bytes]:
    """Read everything that the cloud keeps, its log apart."""
    root = cloud.state.root
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".log"}


def refuse(cloud: Cloud, method: str, path: str, body: str | bytes = "", **environment: Any) -> Answer:
    """Send a request that must change nothing, and make sure that the answer is one of the protocol."""
    before = contents(cloud)

    answer = cloud.call(method, path, body, **environment)

    assert contents(cloud) == before
    check_error(answer)
    return answer


def check_error(answer: Answer) -> None:
    assert 400 <= answer.status < 500
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len(answer.body.encode()))
    assert len(answer.request_id) == 32
    root = answer.document
    assert [root.tag, *(child.tag for child in root)] == [
        f"{{{NAMESPACE}}}{name}" for name in ("Error", "Code", "Message")
    ]
    assert answer.text("Message")
    assert "Traceback" not in answer.body


@pytest.mark.parametrize(
    "write", [write if write == "hosted service" else pytest.param(write, marks=pytest.mark.slow) for write in WRITES]
)
def test_a_body_that_is_not_the_requests_document_is_refused(cloud: Cloud, write: str) -> None:
    method, path, _root = WRITES[write]

    refused = {name: refuse(cloud, method, path, body) for name, body in BODIES.items()}

    assert {name: (answer.status, answer.error) for name, answer in refused.items()} == dict.fromkeys(
        BODIES, (400, XML)
    )


@pytest.mark.parametrize("write", WRITES)
def test_every_request_with_a_body_refuses_another_one(cloud: Cloud, write: str) -> None:
    method, path, _root = WRITES[write]

    for name in ("none", "broken", "another document"):
        assert refuse(cloud, method, path, BODIES[name]).error == XML


@pytest.mark.parametrize("write", [name for name in WRITES if not name.startswith("update")])
def test_a_document_without_content_is_refused(cloud: Cloud, write: str) -> None:
    method, path, root = WRITES[write]
    unknown = document(root, Unheard="of", Description="")
    deep = f"<{root} xmlns='{NAMESPACE}'>{'<a>' * 20_000}{'</a>' * 20_000}</{root}>"

    for body in (document(root), unknown, deep):
        answer = refuse(cloud, method, path, body)
        assert (answer.status, answer.error) == (400, BAD)


SERVICE_NAMES = ("-a", "a-", "a.b", "a/b", "..", "a" * 64, "sérvice", "a b", "a&amp;b", "%41", "a\u202eb")
ACCOUNT_NAMES = ("ab", "Store2", "store-2", "../../etc", "a" * 25, "magasiné", "a_b", "%41bc")
CASES: dict[str, tuple[str, str, str | bytes, str]] = {
    **{f"service {name!r}": ("POST", SERVICES, service_document(name), BAD) for name in SERVICE_NAMES},
    **{f"account {name!r}": ("POST", ACCOUNTS, account_document(name), BAD) for name in ACCOUNT_NAMES},
    **{
        f"deployment {name!r}": ("POST", STAGING, deployment_document(Name=name), BAD)
        for name in ("a/b", "..", "-a", "a" * 64, "é", "a b")
    },
    "a label that is no Base-64": ("POST", STAGING, deployment_document(Label="not base64"), BAD),
    "a configuration that is no Base-64": ("POST", STAGING, deployment_document(Configuration="a"), BAD),
    "a configuration of other letters": ("POST", STAGING, deployment_document(Configuration="é==="), BAD),
    "a label that is no text": ("POST", SERVICES, service_document("s1", Label=encoded(b"\xff")), BAD),
    "a label that is too long": ("POST", SERVICES, service_document("s1", Label=encoded("x" * 101)), BAD),
    "a description that is too long": ("POST", SERVICES, service_document("s1", Description="x" * 1025), BAD),
    "a flag that is none": ("POST", STAGING, deployment_document(StartDeployment="perhaps"), XML),
    "a third slot": ("POST", f"{SERVICE}/deploymentslots/third", deployment_document(Name="b"), BAD),
    "an affinity group": ("POST", SERVICES, service_document("s1", AffinityGroup="group"), BAD),
    "no location": ("POST", SERVICES, service_document("s1", Location="Atlantis"), BAD),
    "a property without a name": (
        "POST",
        SERVICES,
        service_document("s1", ExtendedProperties="<ExtendedProperty><Value>1</Value></ExtendedProperty>"),
        BAD,
    ),
    "too many properties": (
        "POST",
        SERVICES,
        service_document("s1", ExtendedProperties=properties(**{f"p{n}": "1" for n in range(51)})),
        BAD,
    ),
    "a certificate that is none": (
        "POST",
        f"{SERVICE}/certificates",
        document("CertificateFile", Data=encoded(b"none"), CertificateFormat="pfx", Password="p"),
        BAD,
    ),
    "a certificate's wrong password": ("POST", f"{SERVICE}/certificates", certificate_document(password="q"), BAD),
    "an unknown format": (
        "POST",
        f"{SERVICE}/certificates",
        document("CertificateFile", Data=encoded(b"none"), CertificateFormat="jks"),
        BAD,
    ),
    "a third key": ("POST", f"{ACCOUNT}/keys?action=regenerate", document("RegenerateKeys", KeyType="Third"), BAD),
    "an unknown comp": ("POST", f"{DEPLOYMENT}/?comp=dance", "", QUERY),
    "a comp too many": ("GET", f"{SERVICE}?comp=media", "", QUERY),
    "no comp": ("POST", DEPLOYMENT, "", QUERY),
    "comp twice": ("POST", f"{DEPLOYMENT}/?comp=status&comp=config", "", QUERY),
    "an unknown action": ("POST", f"{ACCOUNT}/keys?action=guess", document("RegenerateKeys", KeyType="Primary"), QUERY),
    "no action": ("POST", f"{ACCOUNT}/keys", document("RegenerateKeys", KeyType="Primary"), QUERY),
    "a hundred parameters": ("GET", f"{SERVICES}?" + "&".join(f"p{n}=1" for n in range(100)), "", QUERY),
    "no timeframe": ("GET", "/operations", "", QUERY),
    "an unknown path": ("GET", "/services/unheard", "", "ResourceNotFound"),
    "a path upwards": ("GET", f"{SERVICES}/../storageservices", "", "ResourceNotFound"),
    "a long path": ("GET", f"{SERVICES}/{'a' * 30_000}", "", "ResourceNotFound"),
    "a name of control characters": ("GET", f"{ACCOUNTS}/\x00\x0b\x1b", "", "ResourceNotFound"),
    "a name of markup": ("GET", f"{ACCOUNTS}/<a>&b;", "", "ResourceNotFound"),
    "a name that is no UTF-8": ("GET", f"{ACCOUNTS}/\xff\xfe", "", "ResourceNotFound"),
    "a name to fill in": ("GET", f"{ACCOUNTS}/{{0}}", "", "ResourceNotFound"),
    "an unknown instance": ("POST", f"{DEPLOYMENT}/roleinstances/x?comp=reboot", "", "ResourceNotFound"),
    "an unknown certificate": ("GET", f"{SERVICE}/certificates/sha1-{'0' * 40}", "", "ResourceNotFound"),
    "another algorithm": ("GET", f"{SERVICE}/certificates/md5-{'0' * 40}", "", "ResourceNotFound"),
    "an unknown operation": ("GET", "/operations/../operations", "", "ResourceNotFound"),
    **{f"the verb {verb}": (verb, SERVICES, "", VERB) for verb in ("BREW", "PATCH", "TRACE", "OPTIONS")},
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_meant_is_refused(cloud: Cloud, case: str) -> None:
    method, path, body, code = CASES[case]

    assert refuse(cloud, method, path, body).error == code


@pytest.mark.parametrize(
    "cscfg",
    [
        "",
        "<ServiceConfiguration/>",
        BOMB,
        configuration(role="../x"),
        configuration(count=0),
        configuration(count=21),
        configuration(count="many"),
        configuration(count="²"),
        configuration(StorageKind=None),
        configuration(Unheard="of"),
        configuration(ListenPort="-1"),
        configuration(ListenPort="99999"),
        configuration(thumbprint="0" * 40),
        configuration(thumbprint="zz"),
        configuration().replace("<Certificates>", "<Certificates><Certificate name='Other' thumbprint='0'/>"),
        configuration().replace("</ServiceConfiguration>", "<Role name='B'/></ServiceConfiguration>"),
        configuration().replace("<Instances count='2'/>", ""),
        configuration().replace("2008/10", "2010/10"),
    ],
)
def test_a_configuration_that_does_not_belong_to_the_package_is_refused(cloud: Cloud, cscfg: str) -> None:
    body = document("ChangeConfiguration", Configuration=encoded(cscfg) or "=")

    for method, path, sent in (
        ("POST", STAGING, deployment_document(Name="b", cscfg=cscfg)),
        ("POST", f"{DEPLOYMENT}/?comp=config", body),
    ):
        assert refuse(cloud, method, path, sent).error == BAD


@pytest.mark.parametrize(
    "location",
    [
        f"{STORAGE_URL}/store1/..",
        f"{STORAGE_URL}/store1/%2e%2e",
        f"{STORAGE_URL}/store1",
        f"{STORAGE_URL}//a",
        "https://[",
    ],
)
def test_storage_that_is_no_container_fails_the_operation(cloud: Cloud, location: str) -> None:
    accepted = cloud.call("POST", STAGING, deployment_document(Name="b", cscfg=configuration(StorageLocation=location)))
    ended = cloud.wait_for(accepted.request_id)

    is_elsewhere = location == "https://["
    assert ended.text("Status") == "Failed"
    assert ended.text("Error/Code") in ((BAD,) if is_elsewhere else (BAD, "ResourceNotFound"))
    assert cloud.call("GET", STAGING).status == 404


VERSIONS = (
    "",
    "2009-09-30",
    "2014",
    "latest",
    "2014-13-01",
    "2014-00-10",
    "2014-10-01 ",
    "2014-10-01T00:00:00",
    "9" * 99,
)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_that_is_none_is_refused(cloud: Cloud, version: str) -> None:
    for method, path, body in (("GET", SERVICES, ""), ("POST", SERVICES, service_document("s1"))):
        answer = refuse(cloud, method, path, body, HTTP_X_MS_VERSION=version)
        assert (answer.status, answer.error) == (400, "MissingOrIncorrectVersionHeader")


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("many", (400, BAD)),
        ("-1", (400, BAD)),
        ("²", (400, BAD)),
        ("1000", (400, BAD)),
        (str(4 * 1024 * 1024 + 1), (413, "RequestBodyTooLarge")),
        ("9" * 5_000, (413, "RequestBodyTooLarge")),
    ],
    ids=lambda value: str(value)[:10],
)
def test_a_length_that_is_not_the_bodys_is_refused(cloud: Cloud, length: str, expected: tuple[int, str]) -> None:
    answer = refuse(cloud, "POST", SERVICES, service_document("s1"), CONTENT_LENGTH=length)

    assert (answer.status, answer.error) == expected


def test_who_is_not_admitted_learns_nothing_of_what_is_wrong(cloud: Cloud) -> None:
    stranger = issue_management_certificate("stranger", now=NOW)

    refused = [
        refuse(cloud, "GET", SERVICE, certificate=stranger),
        refuse(cloud, "GET", f"{SERVICES}/unheard", certificate=stranger),
        refuse(cloud, "BREW", SERVICE, certificate=None),
        refuse(cloud, "POST", SERVICES, "<", certificate=stranger, HTTP_X_MS_VERSION=""),
        refuse(cloud, "POST", SERVICES, "<", certificate=stranger, CONTENT_LENGTH="many"),
        refuse(cloud, "GET", SERVICE, PATH_INFO=""),
        refuse(cloud, "GET", SERVICE, PATH_INFO="/../../etc/passwd"),
        refuse(cloud, "GET", SERVICE, PATH_INFO=f"/{cloud.subscription_id[:-1]}"),
    ]

    assert {(answer.status, answer.error, answer.text("Message")) for answer in refused} == {
        (403, "ForbiddenError", refused[0].text("Message"))
    }


def test_nothing_of_all_that_was_a_defect(cloud: Cloud) -> None:
    log = (cloud.state.root / "logs" / "fabric.log").read_text(encoding="utf-8")

    assert "request_broke" not in log
    assert "operation_broke" not in log


FUZZING = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
"""Requests that are refused cost two milliseconds; those that are taken are few."""


@FUZZING
@given(
    write=st.sampled_from(sorted(WRITES)),
    values=st.dictionaries(
        st.sampled_from(
            ["ServiceName", "Label", "Location", "Name", "Status", "Data", "KeyType", "Configuration", "Mode"]
        ),
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<&>\ufffe\uffff"),
            max_size=40,
        ),
    ),
)
def test_no_value_is_a_defect(cloud: Cloud, write: str, values: dict[str, str]) -> None:
    method, path, root = WRITES[write]

    answer = cloud.call(method, path, document(root, **values))

    assert answer.status < 500
    if answer.status >= 400:
        check_error(answer)


@FUZZING
@given(path=st.text(max_size=60), query=st.text(max_size=60), version=st.text(max_size=12))
@example(path="\x00", query="%", version="2014-10-01")
def test_no_address_is_a_defect(cloud: Cloud, path: str, query: str, version: str) -> None:
    def octets(text: str) -> str:
        return text.encode("utf-8", "surrogatepass").decode("latin-1")  # as WSGI hands them over

    shown = f"/{cloud.subscription_id}/{octets(path)}"

    answer = cloud.call(
        "GET", "", PATH_INFO=shown, QUERY_STRING=octets(query), HTTP_X_MS_VERSION=version or "2014-10-01"
    )

    assert answer.status < 500
    assert answer.document is not None


@FUZZING
@given(
    write=st.sampled_from(["service certificate", "management certificate"]),
    place=st.integers(0, 5_000),
    octet=st.integers(0, 255),
)
def test_no_damaged_octet_of_a_certificate_is_a_defect(cloud: Cloud, write: str, place: int, octet: int) -> None:
    method, path, _root = WRITES[write]
    body = bytearray(certificate_document().encode())
    body[place % len(body)] = octet

    answer = cloud.call(method, path, bytes(body))

    assert answer.status < 500
