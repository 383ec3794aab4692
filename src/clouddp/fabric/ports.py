"""What the fabric's storage and name service ask of the rest of the fabric."""

from collections.abc import Callable
from typing import Protocol

AddressLookup = Callable[[str], str | None]
"""Gives the IPv4 address of `<service>` for a host `<service>.cloudapp.net`; None when there is no such service.

Called from the name server's thread with the whole host name in lower case, without a final dot.
"""


class AccountDirectory(Protocol):
    """Knows the storage accounts. Safe to call from many threads."""

    def keys(self, account: str) -> tuple[str, str] | None:
        """Return primary and secondary key in Base-64; None while there is no such account."""
