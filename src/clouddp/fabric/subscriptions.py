"""Subscriptions, and the management certificates that may manage them."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clouddp.fabric.management.protocol_errors import bad_request, not_found
from clouddp.fabric.state import Clock, StateFolder
from clouddp.network.certificates import thumbprint

_FIRST_NAME: Final = "clouddp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How much of everything a subscription may have; an instance counts one core."""

    management_certificates: int = 100
    storage_accounts: int = 200
    hosted_services: int = 200
    cores: int = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementCertificate:
    """An uploaded `.cer`; `data` is its DER in Base-64."""

    thumbprint: str
    public_key: str
    data: str
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What storage accounts and hosted services belong to."""

    id: str
    name: str
    created_at: datetime
    certificates: tuple[ManagementCertificate, ...] = ()
    quotas: Quotas = Quotas()


QuotaLookup = Callable[[str], Quotas]
"""Gives the quotas of the subscription of an ID."""


class Subscriptions:
    """The subscriptions of the fabric: one, made at the first start."""

    def __init__(self, state: StateFolder, *, now: Clock, new_id: Callable[[], str] = lambda: str(uuid4())) -> None:
        self._documents = state.documents("subscriptions", Subscription)
        self._lock = state.lock
        self._now = now
        if not self._documents.all():
            first = Subscription(id=new_id(), name=_FIRST_NAME, created_at=now())
            self._documents.put(first.id, first)

    def all(self) -> list[Subscription]:
        """Return every subscription."""
        return self._documents.all()

    def get(self, subscription_id: str) -> Subscription:
        """Return a subscription; its ID is compared without regard to case.

        Raises:
            ProtocolError: there is none.

        """
        subscription = self._documents.get(subscription_id.lower())
        if subscription is None:
            raise not_found("The subscription does not exist.")
        return subscription

    def quotas(self, subscription_id: str) -> Quotas:
        """Return how much a subscription may have."""
        return self.get(subscription_id).quotas

    def is_admitted(self, subscription_id: str, certificate_der: bytes | None) -> bool:
        """Say whether this very certificate was uploaded to the subscription, and is valid today."""
        subscription = self._documents.get(subscription_id.lower())
        if subscription is None or certificate_der is None:
            return False
        data = base64.b64encode(certificate_der).decode()
        if not any(certificate.data == data for certificate in subscription.certificates):
            return False
        certificate = x509.load_der_x509_certificate(certificate_der)
        return certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc

    def add_certificate(self, subscription_id: str, certificate: x509.Certificate) -> ManagementCertificate:
        """Let a certificate manage the subscription from now on; one that may already is left as it is."""
        added = ManagementCertificate(
            thumbprint=thumbprint(certificate),
            public_key=_public_key(certificate),
            data=base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
            expires_at=certificate.not_valid_after_utc,
            created_at=self._now(),
        )
        with self._lock:
            subscription = self.get(subscription_id)
            for known in subscription.certificates:
                if known.thumbprint == added.thumbprint:
                    return known
            limit = subscription.quotas.management_certificates
            check_quota("management certificate count", limit, current=len(subscription.certificates))
            certificates = (*subscription.certificates, added)
            self._documents.put(subscription.id, replace(subscription, certificates=certificates))
        return added

    def get_certificate(self, subscription_id: str, wanted: str) -> ManagementCertificate:
        """Return a management certificate by its thumbprint.

        Raises:
            ProtocolError: there is none.

        """
        for certificate in self.get(subscription_id).certificates:
            if certificate.thumbprint == wanted.upper():
                return certificate
        raise not_found("The certificate was not found.")

    def remove_certificate(self, subscription_id: str, wanted: str) -> None:
        """Let a certificate manage the subscription no longer, from the next request on."""
        with self._lock:
            removed = self.get_certificate(subscription_id, wanted)
            subscription = self.get(subscription_id)
            certificates = tuple(certificate for certificate in subscription.certificates if certificate != removed)
            self._documents.put(subscription.id, replace(subscription, certificates=certificates))


def check_quota(resource: str, limit: int, *, current: int, increment: int = 1) -> None:
    """Make sure that a subscription may have so much more of something.

    Raises:
        ProtocolError: it may not.

    """
    if increment > 0 and current + increment > limit:
        raise bad_request(
            "The subscription policy limit for resource type '{0}' was exceeded. The limit for resource type '{0}' is "
            "{1} per subscription, the current count is {2}, and the requested increment is {3}.",
            resource,
            limit,
            current,
            increment,
        )


def _public_key(certificate: x509.Certificate) -> str:
    """Write the public key as the protocol does: PKCS #1 where it is RSA, in Base-64."""
    kind = certificate.public_key()
    is_rsa = hasattr(kind, "public_numbers") and hasattr(kind.public_numbers(), "n")
    layout = PublicFormat.PKCS1 if is_rsa else PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(kind.public_bytes(Encoding.DER, layout)).decode()
