"""Errors raised on purpose, named by what the caller can do about them.

Each carries a stable code and arguments; the text a person reads is made at the edge from the catalogue
(`clouddp.language.translate`), where the code is the key. `str(error)` is for us, not for a reader.
"""

from collections.abc import Mapping


class SiteError(Exception):
    """Base of every error we raise on purpose."""

    def __init__(self, code: str, /, **arguments: object) -> None:
        super().__init__(code, arguments)
        self.code = code
        self.arguments: Mapping[str, object] = arguments

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.code} ({details})" if details else self.code


class InvalidInputError(SiteError):
    """What was given cannot be used; giving something else may work. `faults` lists all that is wrong."""

    def __init__(self, code: str, /, *, faults: "tuple[SiteError, ...]" = (), **arguments: object) -> None:
        super().__init__(code, **arguments)
        self.faults = faults


class NotFoundError(SiteError):
    """The named object does not exist, or may not be known to exist."""


class ConflictError(SiteError):
    """The state of things forbids it; another name, or another moment, may work."""


class RefusedError(SiteError):
    """The caller is not known, or may not do this."""


class CloudError(SiteError):
    """The cloud said no, for a reason that trying again will not change."""


class TemporaryError(SiteError):
    """Trying again later may work. `is_told`: the other side asked for this pause, so trying sooner does harm."""

    def __init__(
        self, code: str, /, *, retry_after_seconds: float = 60, is_told: bool = False, **arguments: object
    ) -> None:
        super().__init__(code, **arguments)
        self.retry_after_seconds = retry_after_seconds
        self.is_told = is_told


class DamagedError(SiteError):
    """Data is not what was written: a wrong length, digest or signature."""
