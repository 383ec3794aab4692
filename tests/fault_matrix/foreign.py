"""What somebody else has in the same subscription, which nothing of ours may touch."""

import base64
import time
from collections.abc import Callable

from clouddp.network.certificates import to_pfx
from tests.fault_matrix.administrator import REGION
from tests.fault_matrix.certificates import foreign
from tests.fault_matrix.inventory import Eye

SERVICE = "foreign-service"
ACCOUNT = "foreignaccount"
OPERATION_SECONDS = 30.0


class Foreign:
    """A hosted service with a certificate, and a storage account with a blob."""

    def __init__(self, eye: Eye) -> None:
        self._eye = eye
        cloud = eye.cloud
        label = "foreign"
        cloud.create_hosted_service(SERVICE, label, location=REGION)
        pfx = to_pfx(foreign(), "p")
        cloud.add_service_certificate(SERVICE, base64.b64encode(pfx).decode(), "pfx", "p")
        cloud.create_storage_account(ACCOUNT, "foreign", label, location=REGION)
        _until(lambda: cloud.get_storage_account_properties(ACCOUNT).storage_service_properties.status == "Created")
        _until(lambda: len(list(cloud.list_service_certificates(SERVICE))) == 1)
        with eye.storage(ACCOUNT) as storage:
            storage.create_container("precious").upload_blob("ledger", b"figures")
        eye.keep_out(SERVICE, ACCOUNT)
        self._before = eye.describe_foreign()

    def is_untouched(self) -> bool:
        return self._eye.describe_foreign() == self._before


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + OPERATION_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
