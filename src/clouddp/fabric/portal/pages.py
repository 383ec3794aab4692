"""What the portal's pages show, made from the fabric's state, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clouddp.fabric.compute.deployment_roles import DeploymentRoles
from clouddp.fabric.compute.deployments import Deployment, Deployments, DeploymentStatus
from clouddp.fabric.compute.hosted_services import HostedService, HostedServices
from clouddp.fabric.compute.role_instances import InstanceStatus
from clouddp.fabric.storage_accounts import StorageAccount, StorageAccounts
from clouddp.fabric.subscriptions import Subscription, Subscriptions
from clouddp.fabric.trouble.administration import DOES, MEETS, TroubleAdministration, tell_fields
from clouddp.language.translate import DEFAULT_LANGUAGE, LANGUAGES, translate

TEMPLATES: Final = Path(__file__).parent / "templates"

_UNITS: Final = ("kib", "mib", "gib")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentView:
    """A deployment as the portal shows it."""

    slot: str
    name: str
    status: str
    is_ready: bool
    virtual_ip: str
    port: int
    instances: dict[str, InstanceStatus]


class PortalPages:
    """Renders pages."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        services: HostedServices,
        accounts: StorageAccounts,
        deployments: Deployments,
        roles: DeploymentRoles,
        troubles: TroubleAdministration,
    ) -> None:
        self._subscriptions = subscriptions
        self._services = services
        self._accounts = accounts
        self._deployments = deployments
        self._roles = roles
        self._troubles = troubles
        loader = FileSystemLoader(TEMPLATES)
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)

    def log_in_page(self, language: str, *, is_refused: bool) -> str:
        """Render the page that asks for the token."""
        return self._render("log_in.html", language, csrf_token="", is_refused=is_refused)

    def subscriptions_page(self, language: str, csrf_token: str) -> str:
        """Render the list of subscriptions, and the trouble that is in force."""
        return self._render(
            "subscriptions.html",
            language,
            csrf_token=csrf_token,
            subscriptions=self._subscriptions.all(),
            troubles=[
                (each, tell_fields(each, MEETS), tell_fields(each, DOES))
                for each in self._troubles.list()
                if not each["is_spent"]
            ],
        )

    def add_certificate_page(self, language: str, csrf_token: str, subscription_id: str, message: str = "") -> str:
        """Render the form that uploads a management certificate."""
        subscription = self._subscriptions.get(subscription_id)
        return self._render(
            "add_certificate.html", language, csrf_token=csrf_token, message=message, subscription=subscription
        )

    def subscription_page(self, language: str, csrf_token: str, subscription_id: str) -> str:
        """Render a subscription with its certificates, services and accounts."""
        subscription = self._subscriptions.get(subscription_id)
        services = self._services.all(subscription.id)
        return self._render(
            "subscription.html",
            language,
            csrf_token=csrf_token,
            subscription=subscription,
            services=[(service, self._views(service, language)) for service in services],
            accounts=self._account_rows(subscription, language),
        )

    def _account_rows(self, subscription: Subscription, language: str) -> list[tuple[StorageAccount, str]]:
        accounts = self._accounts.all(subscription.id)
        return [(account, size_text(self._accounts.used_bytes(account.name), language)) for account in accounts]

    def _views(self, service: HostedService, language: str) -> list[DeploymentView]:
        return [self._view(deployment, language) for deployment in self._deployments.of_service(service.name)]

    def _view(self, deployment: Deployment, language: str) -> DeploymentView:
        instances = self._roles.statuses(deployment)
        all_ready = all(status is InstanceStatus.READY for status in instances.values())
        is_ready = deployment.status is DeploymentStatus.RUNNING and all_ready
        status = "ready" if is_ready else deployment.status.lower()
        return DeploymentView(
            slot=deployment.slot,
            name=deployment.name,
            status=translate(f"fabric.portal_deployment_{status}", language=language),
            is_ready=is_ready,
            virtual_ip=deployment.virtual_ip,
            port=deployment.port,
            instances=instances,
        )

    def _render(self, template: str, language: str, **values: Any) -> str:
        def say(key: str, **arguments: object) -> str:
            return translate(f"fabric.portal_{key}", arguments, language=language)

        moment = {"moment": _moment_text}
        return self._templates.get_template(template).render(say=say, language=language, **moment, **values)


def choose_language(accepted: str) -> str:
    """Choose the language of a page from `Accept-Language`."""
    wishes = []
    for position, wish in enumerate(accepted.split(",")[:20]):
        tag, _, weight = wish.partition(";q=")
        language = tag.strip().partition("-")[0].lower()
        if language in LANGUAGES:
            wishes.append((-_weight(weight), position, language))
    return min(wishes)[2] if wishes else DEFAULT_LANGUAGE


def size_text(count: int, language: str) -> str:
    """Write a number of bytes for people."""
    size, unit = float(count), "bytes"
    for larger in _UNITS:
        if size < 1024:
            break
        size, unit = size / 1024, larger
    number = f"{count}" if unit == "bytes" else f"{size:.1f}"
    return translate(
        f"fabric.portal_{unit}", {"number": number.replace(".", "," if language == "fr" else ".")}, language=language
    )


def _weight(text: str) -> float:
    try:
        return float(text or "1")
    except ValueError:
        return 0.0


def _moment_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
