"""A client as the site knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClient:
    """A computer that gets content; it proves itself with the key whose public half the site keeps."""

    id: str  # opaque, 32 lower-case hexadecimal digits: front ends see it
    name: str
    public_key: Mapping[str, str]
    registered_at: datetime
    blocked_at: datetime | None  # tokens issued before are void
