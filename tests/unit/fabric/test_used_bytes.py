"""The bytes of each storage account are counted: what its blobs hold now, and nobody else's."""

from datetime import UTC, datetime
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from clouddp.fabric.blob_storage.server import start_storage
from tests.unit.fabric.blob_storage.storage_servers import authorities_pem, storage_certificate
from tests.unit.fabric.builders import Cloud, running_cloud


def client(cloud: Cloud, port: int, account: str, authorities: Path) -> BlobServiceClient:
    keys = cloud.plane.accounts.keys(account)
    assert keys is not None
    return BlobServiceClient(
        f"https://127.0.0.1:{port}/{account}",
        credential={"account_name": account, "account_key": keys[0]},
        connection_verify=str(authorities),
        retry_total=0,
    )


def test_each_account_counts_what_its_blobs_hold(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text(authorities_pem(), encoding="ascii")
    with running_cloud(tmp_path / "state") as cloud:
        for account in ("store1", "store2"):
            cloud.make_account(account)
        server = start_storage(
            cloud.plane.accounts, cloud.state.root, storage_certificate(), host="127.0.0.1", port=0,
            now=lambda: datetime.now(UTC),
        )  # fmt: skip
        counted = []
        with client(cloud, server.port, "store1", authorities) as first:
            container = first.create_container("clouddp")
            container.upload_blob("content/a", bytes(1000), metadata={"kind": "counts for nothing"})
            container.upload_blob("content/b", bytes(500))
            counted.append(cloud.plane.accounts.used_bytes("store1"))
            container.upload_blob("content/a", bytes(10), overwrite=True)
            counted.append(cloud.plane.accounts.used_bytes("store1"))
            container.delete_blob("content/b")
            counted.append(cloud.plane.accounts.used_bytes("store1"))
        server.close()

        assert counted == [1500, 510, 10]
        assert cloud.plane.accounts.used_bytes("store2") == 0
