"""Somebody at the portal who removes pieces by hand, whatever the site is doing with them."""

import time
from collections.abc import Callable
from functools import partial

from azure.common import AzureConflictHttpError, AzureMissingResourceHttpError
from azure.core.exceptions import ResourceNotFoundError

from tests.fault_matrix.inventory import Eye

REMOVAL_SECONDS = 30.0
CONTAINER = "clouddp"
SLOT = "Production"


class Hands:
    """Removes a piece with all that is in it, and returns when it is gone."""

    def __init__(self, eye: Eye) -> None:
        self._eye = eye
        self.pieces: dict[str, Callable[[str], None]] = {
            "storage_account": self.remove_storage_account,
            "container": self.remove_container,
            "hosted_service": self.remove_hosted_service,
            "service_certificate": self.remove_certificates,
            "deployment": self.remove_deployment,
        }

    def remove(self, piece: str, name: str) -> None:
        self.pieces[piece](name)

    def list_pieces(self, name: str) -> list[str]:
        """Say which pieces of a cloud distribution point there are."""
        found = []
        if name in self._eye.account_names():
            found.append("storage_account")
            account = self._eye.cloud.get_storage_account_properties(name)
            if account.storage_service_properties.status == "Created" and self._eye.containers(name):
                found.append("container")
        if name in self._eye.service_names():
            found.append("hosted_service")
            seen = self._eye.look().services[name]
            if seen.deployments:
                found.append("deployment")
            elif seen.certificates:  # one that a deployment uses cannot be removed
                found.append("service_certificate")
        return found

    def remove_storage_account(self, name: str) -> None:
        _insist(partial(self._eye.cloud.delete_storage_account, name))
        _await(lambda: name not in self._eye.account_names())

    def remove_container(self, name: str) -> None:
        with self._eye.storage(name) as storage:
            try:
                storage.delete_container(CONTAINER)
            except ResourceNotFoundError:
                return

    def remove_hosted_service(self, name: str) -> None:
        self.remove_deployment(name)
        _insist(partial(self._eye.cloud.delete_hosted_service, name))
        _await(lambda: name not in self._eye.service_names())

    def remove_deployment(self, name: str) -> None:
        cloud = self._eye.cloud
        _insist(
            partial(
                cloud.perform_delete, f"/{cloud.subscription_id}/services/hostedservices/{name}/deploymentslots/{SLOT}"
            )
        )
        _await(lambda: name not in self._eye.service_names() or not self._eye.deployments(name))

    def remove_certificates(self, name: str) -> None:
        for thumbprint in self._eye.certificates(name):
            _insist(partial(self._eye.cloud.delete_service_certificate, name, "sha1", thumbprint))
        _await(lambda: not self._eye.certificates(name))


def _insist(remove: Callable[[], object]) -> None:
    """Ask until it is accepted: the cloud refuses while it is at something else."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    while True:
        try:
            remove()
        except AzureMissingResourceHttpError:
            return
        except AzureConflictHttpError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _await(is_gone: Callable[[], bool]) -> None:
    deadline = time.monotonic() + REMOVAL_SECONDS
    while not is_gone():
        assert time.monotonic() < deadline
        time.sleep(0.02)
