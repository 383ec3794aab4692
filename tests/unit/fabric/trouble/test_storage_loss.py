"""Lost storage is lost once, also when a crash cut the loss off."""

from dataclasses import replace
from pathlib import Path

import pytest

from clouddp.fabric.blob_storage.files import blob_folder
from clouddp.fabric.trouble.rules import parse_rule
from clouddp.model.errors import NotFoundError
from tests.unit.fabric.builders import running_cloud


def test_the_containers_of_matching_accounts_are_gone_and_others_stay(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        for account in ("store1", "store2", "other1"):
            cloud.make_account(account)
            (blob_folder(tmp_path, account, "clouddp") / "content").mkdir(parents=True)

        cloud.plane.storage_loss.add(parse_rule({"kind": "lost-storage", "name": "store*"}))

        assert [path.name for path in sorted(tmp_path.glob("storage/*/*"))] == ["clouddp"]
        assert blob_folder(tmp_path, "other1", "clouddp").exists()
        assert all((tmp_path / "storage" / account).is_dir() for account in ("store1", "store2"))
        assert list(tmp_path.glob("storage-unfinished/*")) == []


def test_a_loss_that_a_crash_cut_off_is_finished_at_the_next_start_and_then_over(tmp_path: Path) -> None:
    folder = blob_folder(tmp_path, "store1", "clouddp")
    with running_cloud(tmp_path) as cloud:
        cloud.make_account()
        folder.mkdir(parents=True)
        written = replace(parse_rule({"kind": "lost-storage", "name": "store1"}), times=1)
        cloud.plane.troubles.add(written)  # and then the process is killed

    with running_cloud(tmp_path):
        assert not folder.exists()
        folder.mkdir(parents=True)

    with running_cloud(tmp_path) as cloud:
        assert folder.exists()
        assert [trouble.struck for trouble in cloud.plane.troubles.all()] == [1]


def test_accounts_of_another_subscription_are_not_meant(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as cloud:
        cloud.make_account()

        with pytest.raises(NotFoundError):
            cloud.plane.storage_loss.add(parse_rule({"kind": "lost-storage", "subscription": "0000*-none"}))

        assert cloud.plane.troubles.all() == []
