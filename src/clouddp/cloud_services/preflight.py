"""Look at everything that could stop a cloud distribution point before anything is created; say all of it at once."""

import re
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from clouddp.cloud_services.clouds import Clouds
from clouddp.cloud_services.connection_check import find_address_faults, find_certificate_faults
from clouddp.cloud_services.name_preflight import NameUse, find_name_faults, find_name_warnings
from clouddp.model.cloud_service import CloudService
from clouddp.model.errors import CloudError, ConflictError, InvalidInputError, SiteError
from clouddp.model.settings import Quotas
from clouddp.network.certificates import KeyedCertificate
from clouddp.network.issuers import is_issued_below
from clouddp.network.requirements import check_service_certificate
from clouddp.providers.base import Cloud, ConnectionSettings, Subscription

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_LONGEST_HOST: Final = 253
_MOST_INSTANCES: Final = 50
_NAME_BYTES: Final = 12
_NAME_TRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A cloud distribution point that somebody would like to have; None stands for what could not be read."""

    provider: str
    management_url: str
    subscription_id: str
    authorities_pem: str | None
    management_certificate: KeyedCertificate | None
    service_certificate: KeyedCertificate | None
    service_fqdn: str | None
    accept_wildcard: bool
    region: str
    instance_count: int
    quotas: Quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found: faults forbid the creation, warnings are worth a look; and a name that is free in the cloud."""

    faults: tuple[SiteError, ...]
    warnings: tuple[SiteError, ...]
    service_name: str | None


class Preflight:
    """Judges plans. Creates nothing, here or in the cloud."""

    def __init__(
        self,
        *,
        clouds: Clouds,
        is_fqdn_taken: Callable[[str], bool],
        name_use: Callable[[str], NameUse],
        authorities: Collection[x509.Certificate],
        now: Callable[[], datetime],
    ) -> None:
        """`name_use` says where a name is used already, `authorities` which ones clients are handed."""
        self._clouds = clouds
        self._is_fqdn_taken = is_fqdn_taken
        self._name_use = name_use
        self._authorities = authorities
        self._now = now

    def examine(self, plan: Plan) -> Examination:
        """List everything that is wrong with a plan."""
        management_faults = self._management_faults(plan)
        name_faults, name_warnings = self._examine_name(plan)
        quantity_faults = _quantity_faults(plan.instance_count, plan.quotas)
        local = (*management_faults, *self._service_faults(plan), *name_faults, *quantity_faults)
        address_faults = tuple(find_address_faults(plan.management_url, plan.subscription_id))
        service_name: str | None = None
        cloud_faults: tuple[SiteError, ...] = ()
        if plan.management_certificate is not None and not (management_faults or address_faults):
            service_name, cloud_faults = self._examine_cloud(plan, plan.management_certificate)
        return Examination(
            faults=(*local, *address_faults, *cloud_faults),
            warnings=(*name_warnings, *self._issuer_warnings(plan)),
            service_name=service_name,
        )

    def find_quantity_faults(self, *, instance_count: int, quotas: Quotas) -> tuple[SiteError, ...]:
        """List what is wrong with numbers alone; no cloud is asked."""
        return tuple(_quantity_faults(instance_count, quotas))

    def find_growth_faults(self, service: CloudService, *, instance_count: int) -> tuple[SiteError, ...]:
        """Say whether the subscription allows as many role instances as a service is to have."""
        try:
            subscription = self._clouds.connect(service).cloud.check_access()
        except SiteError as error:
            return (error,)
        needed = subscription.cores + instance_count - service.instance_count
        if instance_count > service.instance_count and needed > subscription.cores_limit:
            limit = subscription.cores_limit
            return (InvalidInputError("cloud.no_core_left", subscription_id=service.subscription_id, limit=limit),)
        return ()

    def find_replacement_faults(
        self, service: CloudService, certificate: KeyedCertificate, *, accept_wildcard: bool
    ) -> tuple[SiteError, ...]:
        """List everything that is wrong with a certificate that is to take the place of a service's present one."""
        fqdn, now = service.service_fqdn, self._now()
        return _faults_of(
            lambda: check_service_certificate(
                certificate,
                service_fqdn=fqdn,
                now=now,
                accept_wildcard=accept_wildcard,
                authorities=self._authorities,
            )
        )

    def _management_faults(self, plan: Plan) -> tuple[SiteError, ...]:
        certificate = plan.management_certificate
        if certificate is None:
            return ()
        return find_certificate_faults(certificate, now=self._now())

    def _service_faults(self, plan: Plan) -> tuple[SiteError, ...]:
        certificate = plan.service_certificate
        if certificate is None:
            return ()
        return _faults_of(
            lambda: check_service_certificate(
                certificate,
                service_fqdn=plan.service_fqdn,
                now=self._now(),
                accept_wildcard=plan.accept_wildcard,
                authorities=self._authorities,
            )
        )

    def _issuer_warnings(self, plan: Plan) -> Iterator[SiteError]:
        certificate = plan.service_certificate
        if certificate is not None and not is_issued_below(certificate, self._authorities):
            issuer = certificate.certificate.issuer.rfc4514_string()
            yield ConflictError("cloud.issuer_not_handed_out", issuer=issuer)

    def _examine_name(self, plan: Plan) -> tuple[tuple[SiteError, ...], tuple[SiteError, ...]]:
        faults = tuple(self._name_faults(plan))
        if faults or plan.service_fqdn is None:
            return faults, ()
        use = self._name_use(plan.service_fqdn)
        return tuple(find_name_faults(plan.service_fqdn, use)), tuple(find_name_warnings(plan.service_fqdn, use))

    def _name_faults(self, plan: Plan) -> Iterator[SiteError]:
        fqdn = plan.service_fqdn
        if fqdn is None:
            if plan.service_certificate is not None:
                yield InvalidInputError("cloud.fqdn_needed")
        elif not _is_host_name(fqdn):
            yield InvalidInputError("cloud.fqdn_malformed", fqdn=fqdn)
        elif self._is_fqdn_taken(fqdn):
            yield ConflictError("cloud.fqdn_in_use", fqdn=fqdn)

    def _examine_cloud(
        self, plan: Plan, management_certificate: KeyedCertificate
    ) -> tuple[str | None, tuple[SiteError, ...]]:
        settings = ConnectionSettings(
            management_url=plan.management_url,
            subscription_id=plan.subscription_id,
            authorities_pem=plan.authorities_pem,
            management_certificate=management_certificate,
        )
        try:
            cloud = self._clouds.try_connection(plan.provider, settings).cloud
            faults = (*_limit_faults(cloud.check_access(), plan), *_region_faults(cloud, plan))
            return _free_name(cloud), faults
        except SiteError as error:
            return None, (error,)


def _faults_of(check: Callable[[], None]) -> tuple[SiteError, ...]:
    try:
        check()
    except InvalidInputError as error:
        return error.faults or (error,)
    return ()


def _is_host_name(fqdn: str) -> bool:
    labels = fqdn.split(".")
    return len(fqdn) <= _LONGEST_HOST and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)


def _quantity_faults(instance_count: int, quotas: Quotas) -> Iterator[SiteError]:
    if not 1 <= instance_count <= _MOST_INSTANCES:
        yield InvalidInputError("cloud.instance_count", count=instance_count, most=_MOST_INSTANCES)
    if quotas.storage_bytes <= 0 or quotas.transfer_bytes <= 0:
        yield InvalidInputError("cloud.quota_not_positive")
    if not 0 < quotas.warning_percent < quotas.critical_percent <= 100:
        yield InvalidInputError("cloud.thresholds", warning=quotas.warning_percent, critical=quotas.critical_percent)


def _limit_faults(subscription: Subscription, plan: Plan) -> Iterator[SiteError]:
    limits = (
        ("cloud.no_storage_account_left", subscription.storage_accounts + 1, subscription.storage_accounts_limit),
        ("cloud.no_hosted_service_left", subscription.hosted_services + 1, subscription.hosted_services_limit),
        ("cloud.no_core_left", subscription.cores + plan.instance_count, subscription.cores_limit),
    )
    for code, needed, limit in limits:
        if needed > limit:
            yield InvalidInputError(code, subscription_id=plan.subscription_id, limit=limit)


def _free_name(cloud: Cloud) -> str:
    """Generate the name that storage account and hosted service will bear."""
    for _ in range(_NAME_TRIES):
        name = new_service_name()
        if cloud.is_account_name_free(name) and cloud.is_service_name_free(name):
            return name
    raise CloudError("cloud.no_free_name", tries=_NAME_TRIES)


def new_service_name() -> str:
    """Make a name of 24 hexadecimal digits, which the documents call the GUID."""
    return secrets.token_hex(_NAME_BYTES)


def _region_faults(cloud: Cloud, plan: Plan) -> Iterator[SiteError]:
    regions = [region.name for region in cloud.list_regions()]
    if plan.region not in regions:
        yield InvalidInputError("cloud.region_unknown", region=plan.region, regions=", ".join(regions))
