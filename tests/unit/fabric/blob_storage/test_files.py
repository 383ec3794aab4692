"""What is left on disk of an account that is gone: nothing."""

from pathlib import Path

from clouddp.fabric.blob_storage.blob_names import BlobPath
from clouddp.fabric.blob_storage.blocks import BlockFiles
from clouddp.fabric.blob_storage.files import blob_folder, remove_account_files


def test_an_account_takes_its_blobs_and_its_uncommitted_blocks_with_it(tmp_path: Path) -> None:
    for account in ("gone", "kept"):
        (blob_folder(tmp_path, account, "clouddp") / "content").mkdir(parents=True)
        upload = tmp_path / "upload"
        upload.write_bytes(b"block")
        BlockFiles(tmp_path).keep(BlobPath(account, "clouddp", "content/a"), "AAAA", upload)

    remove_account_files(tmp_path, "gone")

    assert [path for path in tmp_path.rglob("*") if "gone" in path.parts] == []
    assert BlockFiles(tmp_path).list(BlobPath("kept", "clouddp", "content/a")) == [("AAAA", 5)]
