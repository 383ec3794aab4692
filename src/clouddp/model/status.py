"""Status messages: what happened, for the administrator, by a number that is never reused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How serious a status message is."""

    INFORMATIONAL = "informational"
    WARNING = "warning"
    ERROR = "error"


class Component(StrEnum):
    """The component that reports; the names the product uses, never translated."""

    CLOUD_SERVICES_MANAGER = "SMS_CLOUD_SERVICES_MANAGER"
    DISTRIBUTION_MANAGER = "SMS_DISTRIBUTION_MANAGER"
    MANAGEMENT_POINT = "SMS_MP_CONTROL_MANAGER"
    SITE_SERVER = "SMS_SITE_COMPONENT_MANAGER"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMessage:
    """One message; its text is the catalogue's entry `status.m<number>`, filled with the insertion strings."""

    number: int
    severity: Severity
    component: Component
    reported_at: datetime  # aware, UTC
    insertions: Mapping[str, str] = field(default_factory=dict)
    object_id: str | None = None
