"""A subscription admits the very certificates that were uploaded to it, and has no more than its quotas."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from clouddp.fabric.management.protocol_errors import ProtocolError
from clouddp.fabric.state import open_state
from clouddp.fabric.subscriptions import ManagementCertificate, Quotas, Subscription, Subscriptions, check_quota
from clouddp.network.certificates import KeyedCertificate
from clouddp.network.issuing import issue_management_certificate

NOW = datetime.now(UTC)
FIRST, SECOND = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
OURS, THEIRS = (issue_management_certificate("contoso", now=NOW) for _ in range(2))


def der(keyed: KeyedCertificate) -> bytes:
    return keyed.certificate.public_bytes(Encoding.DER)


def open_subscriptions(root: Path, now: datetime = NOW) -> Subscriptions:
    """Open two subscriptions; the second has come into the folder as another fabric's would."""
    state = open_state(root)
    state.documents("subscriptions", Subscription).put(SECOND, Subscription(id=SECOND, name="b", created_at=NOW))
    state.documents("subscriptions", Subscription).put(FIRST, Subscription(id=FIRST, name="a", created_at=NOW))
    return Subscriptions(state, now=lambda: now)


def test_a_new_folder_has_one_subscription_that_stays(tmp_path: Path) -> None:
    made = Subscriptions(open_state(tmp_path), now=lambda: NOW, new_id=lambda: FIRST).all()

    again = Subscriptions(open_state(tmp_path), now=lambda: NOW, new_id=lambda: SECOND).all()

    assert [subscription.id for subscription in made] == [FIRST]
    assert again == made


def test_each_subscription_admits_its_own_certificates(tmp_path: Path) -> None:
    subscriptions = open_subscriptions(tmp_path)
    subscriptions.add_certificate(FIRST, OURS.certificate)
    subscriptions.add_certificate(SECOND, THEIRS.certificate)

    assert subscriptions.is_admitted(FIRST, der(OURS))
    assert subscriptions.is_admitted(FIRST.upper(), der(OURS))
    assert not subscriptions.is_admitted(FIRST, der(THEIRS))
    assert not subscriptions.is_admitted(SECOND, der(OURS))
    assert not subscriptions.is_admitted("unknown", der(OURS))
    assert not subscriptions.is_admitted(FIRST, None)
    assert not subscriptions.is_admitted(FIRST, b"")


def test_the_whole_certificate_counts_and_not_its_thumbprint(tmp_path: Path) -> None:
    """A certificate that were found to have a known one's SHA-1 is not that one."""
    subscriptions = open_subscriptions(tmp_path)
    added = subscriptions.add_certificate(FIRST, OURS.certificate)
    forged = ManagementCertificate(
        thumbprint=THEIRS.thumbprint,
        public_key=added.public_key,
        data=added.data,
        expires_at=added.expires_at,
        created_at=added.created_at,
    )
    known = Subscription(id=FIRST, name="a", created_at=NOW, certificates=(forged,))
    open_state(tmp_path).documents("subscriptions", Subscription).put(FIRST, known)
    reopened = Subscriptions(open_state(tmp_path), now=lambda: NOW)

    assert not reopened.is_admitted(FIRST, der(THEIRS))
    assert reopened.is_admitted(FIRST, der(OURS))


def test_one_octet_more_is_another_certificate(tmp_path: Path) -> None:
    subscriptions = open_subscriptions(tmp_path)
    subscriptions.add_certificate(FIRST, OURS.certificate)

    assert not subscriptions.is_admitted(FIRST, der(OURS) + b"\x00")
    assert not subscriptions.is_admitted(FIRST, der(OURS)[:-1])


@pytest.mark.parametrize("second", [-1, 0, 1])
def test_dates_are_looked_at_for_every_request(tmp_path: Path, second: int) -> None:
    edges = (OURS.certificate.not_valid_before_utc, OURS.certificate.not_valid_after_utc)
    moments = [edge + timedelta(seconds=second) for edge in edges]

    admitted = []
    for number, moment in enumerate(moments):
        subscriptions = open_subscriptions(tmp_path / str(number), moment)
        subscriptions.add_certificate(FIRST, OURS.certificate)
        admitted.append(subscriptions.is_admitted(FIRST, der(OURS)))

    assert admitted == [second >= 0, second <= 0]


def test_uploads_and_removals_count_at_once_and_after_a_restart(tmp_path: Path) -> None:
    subscriptions = open_subscriptions(tmp_path)

    subscriptions.add_certificate(FIRST, OURS.certificate)
    assert Subscriptions(open_state(tmp_path), now=lambda: NOW).is_admitted(FIRST, der(OURS))
    subscriptions.remove_certificate(FIRST, OURS.thumbprint.lower())

    assert not subscriptions.is_admitted(FIRST, der(OURS))
    assert not Subscriptions(open_state(tmp_path), now=lambda: NOW).is_admitted(FIRST, der(OURS))
    with pytest.raises(ProtocolError, match="not found"):
        subscriptions.remove_certificate(FIRST, OURS.thumbprint)


def test_an_upload_that_is_repeated_changes_nothing(tmp_path: Path) -> None:
    subscriptions = open_subscriptions(tmp_path)

    first = subscriptions.add_certificate(FIRST, OURS.certificate)
    again = subscriptions.add_certificate(FIRST, OURS.certificate)

    assert again == first
    assert subscriptions.get(FIRST).certificates == (first,)
    assert base64.b64decode(first.data) == der(OURS)


def test_no_more_certificates_than_the_quota_are_taken(tmp_path: Path) -> None:
    known = Subscription(id=FIRST, name="a", created_at=NOW, quotas=Quotas(management_certificates=1))
    open_state(tmp_path).documents("subscriptions", Subscription).put(FIRST, known)
    subscriptions = Subscriptions(open_state(tmp_path), now=lambda: NOW)
    subscriptions.add_certificate(FIRST, OURS.certificate)

    with pytest.raises(ProtocolError, match="management certificate count") as caught:
        subscriptions.add_certificate(FIRST, THEIRS.certificate)

    assert (caught.value.status, caught.value.code) == (400, "BadRequest")
    assert "1 per subscription, the current count is 1, and the requested increment is 1" in caught.value.message
    assert not subscriptions.is_admitted(FIRST, der(THEIRS))


def test_an_old_document_has_the_usual_quotas(tmp_path: Path) -> None:
    folder = tmp_path / "documents" / "subscriptions"
    folder.mkdir(parents=True)
    text = f'{{"id": "{FIRST}", "name": "a", "created_at": "2026-01-01T00:00:00Z", "certificates": []}}'
    (folder / f"{FIRST}.json").write_text(text, encoding="utf-8")

    assert Subscriptions(open_state(tmp_path), now=lambda: NOW).quotas(FIRST) == Quotas()


@pytest.mark.parametrize(
    ("current", "increment", "is_refused"),
    [(9, 1, False), (10, 1, True), (8, 3, True), (99, 0, False), (99, -5, False)],
)
def test_a_quota_is_what_may_be_had_at_most(current: int, increment: int, is_refused: bool) -> None:
    refused = []
    try:
        check_quota("cores count", 10, current=current, increment=increment)
    except ProtocolError as error:
        refused.append(error.code)

    assert refused == (["BadRequest"] if is_refused else [])
