"""Open a place that keeps objects."""

import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore

from clouddp.model.errors import InvalidInputError
from clouddp.store.azure_container import AzureContainer
from clouddp.store.base import ObjectStore
from clouddp.store.folder import FolderStore

if TYPE_CHECKING:  # obstore has these types for checkers alone
    from obstore.store import AzureConfig, ClientConfig, RetryConfig

_NOWHERE: Final = "http://127.0.0.1:9"
_ONE_ATTEMPT: "Final[RetryConfig]" = {"max_retries": 0, "retry_timeout": timedelta(minutes=5)}  # see store/retry.py


def open_folder(path: Path) -> ObjectStore:
    """Open a local folder, which is made if need be."""
    return FolderStore(path)


def open_azure_container(
    *,
    endpoint: str,
    account: str,
    key: str,
    container: str,
    authorities_pem: str | None,
    proxy_url: str | None = None,
) -> ObjectStore:
    """Open a container that exists; `endpoint` is the account's blob endpoint and `key` one of its keys in Base-64.

    `authorities_pem` is trusted beside the system's authorities. Raises InvalidInputError("store.not_usable") for
    settings that no request could be made with.
    """
    settings: AzureConfig = {
        "account_name": account,
        "account_key": key,
        "endpoint": endpoint,
        "credential_type": "access_key",
        "skip_signature": False,
    }
    try:
        store = AzureStore(
            container,
            config=settings,
            client_options=_client_options(endpoint, authorities_pem, proxy_url),
            retry_config=_ONE_ATTEMPT,
        )
    except (BaseError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidInputError("store.not_usable", endpoint=endpoint, container=container, reason=reason) from error
    return AzureContainer(store, container=container)


def _client_options(endpoint: str, authorities_pem: str | None, proxy_url: str | None) -> "ClientConfig":
    options: ClientConfig = {
        "connect_timeout": timedelta(seconds=10),
        "read_timeout": timedelta(seconds=60),
        "timeout": timedelta(minutes=10),
    }
    if authorities_pem is not None:
        options["root_certificate"] = authorities_pem
    host = urlsplit(endpoint).hostname or ""
    if proxy_url is not None:
        options["proxy_url"] = proxy_url
    elif _is_this_machine(host):
        # obstore obeys HTTPS_PROXY unless another proxy is given; one that is never used for this host does that.
        options["proxy_url"] = _NOWHERE
        options["proxy_excludes"] = host
    return options


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
