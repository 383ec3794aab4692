"""Front end, management point and client together, over TLS on loopback, with a folder as the storage."""

import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouddp.client.identity import ClientFolders, ClientIdentity
from clouddp.client.registration import register_client
from clouddp.model.errors import DamagedError, NotFoundError, RefusedError, SiteError
from clouddp.network.registration import parse_registration_token
from tests.integration.download_site import PACKAGE, DownloadSite, downloader, register, stop

LARGE = random.Random(7).randbytes(3_000_000)
FILES = {
    "a/first.bin": LARGE,
    "a/second.txt": b"hello\n" * 50_000,
    "b/empty": b"",
    "b/deep/er/still/name.txt": b"x",
    "c/été — 日本語.txt": "naïve".encode(),
}


class Story:
    """A site that serves one package to one registered client."""

    def __init__(self, site: DownloadSite) -> None:
        self.site = site
        self.site.write_state()
        self.published = self.site.publish(FILES, links={"a/link": "../b/empty"})
        self.instance = self.site.start_instance()
        self.server, self.clients = self.site.start_management_point()
        self.clients.allow_cloud(allowed=True)
        self.folders, self.identity = register(self.site, self.server, self.clients)
        self.target = site.root / "target"

    def get(self) -> int:
        return downloader(self.folders, self.identity).download(PACKAGE, self.target).fetched_bytes


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    site = DownloadSite(tmp_path)
    try:
        told = Story(site)
        yield told
        told.server.close()
    finally:
        site.close()


def test_a_client_gets_exactly_the_files_links_modes_and_times_that_were_published(story: Story) -> None:
    fetched = story.get()

    found = {
        str(path.relative_to(story.target)): path.read_bytes()
        for path in story.target.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    assert found == FILES
    assert (story.target / "a/link").readlink() == Path("../b/empty")
    status = (story.target / "a/first.bin").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o750, 1_600_000_000.0)
    assert fetched > len(LARGE)
    assert not list(story.target.parent.glob(".target*"))


def test_the_storage_holds_nothing_that_can_be_read(story: Story) -> None:
    stored = b"".join(path.read_bytes() for path in story.site.storage.rglob("*") if path.is_file())

    assert b"hello\nhello" not in stored
    assert b"first.bin" not in stored


def test_a_client_whose_setting_is_no_is_told_which_setting(story: Story) -> None:
    story.clients.allow_cloud(allowed=False)

    with pytest.raises(RefusedError) as caught:
        story.get()
    assert "Allow access to cloud distribution point" in str(caught.value.arguments["reason"])
    assert not story.target.exists()


def test_a_blocked_client_is_refused_a_location(story: Story) -> None:
    story.clients.block(story.identity.client_id)

    with pytest.raises(RefusedError):
        story.get()


def test_a_swapped_chunk_is_never_written(story: Story) -> None:
    one, other = _two_chunks(story)
    other.write_bytes(one.read_bytes().ljust(other.stat().st_size, b"\0")[: other.stat().st_size])

    with pytest.raises(DamagedError):
        story.get()
    assert not story.target.exists()


def test_a_truncated_chunk_is_never_written(story: Story) -> None:
    chunk, _other = _two_chunks(story)
    chunk.write_bytes(chunk.read_bytes()[:-1])

    with pytest.raises(DamagedError):
        story.get()
    assert not story.target.exists()


def test_what_arrived_before_a_failure_is_not_fetched_again(story: Story) -> None:
    chunk, _other = _two_chunks(story)
    whole = chunk.read_bytes()
    chunk.write_bytes(bytes(len(whole)))
    with pytest.raises(DamagedError):
        story.get()
    chunk.write_bytes(whole)

    fetched = story.get()

    assert (story.target / "a/first.bin").read_bytes() == LARGE
    assert fetched < len(LARGE)


def test_an_older_version_is_refused_even_with_its_true_signature(story: Story) -> None:
    story.site.publish(FILES, version=2)
    story.get()
    story.site.shelf.newest = story.published

    with pytest.raises(RefusedError, match="version_older"):
        downloader(story.folders, story.identity).download(PACKAGE, story.target.parent / "other")


def test_a_manifest_of_another_version_is_refused(story: Story) -> None:
    other = story.site.publish({"evil": b"1"}, version=3)
    swapped = story.site.storage / "content" / other.manifest_name
    (story.site.storage / "content" / story.published.manifest_name).write_bytes(
        swapped.read_bytes().ljust(story.published.manifest_length, b"\0")[: story.published.manifest_length]
    )
    story.site.shelf.newest = story.published

    with pytest.raises(DamagedError):
        story.get()


@pytest.mark.parametrize("path", ["../outside", "/etc/outside", "a/../../outside", "C:\\outside"])
def test_a_path_that_leaves_the_target_is_refused_though_the_site_signed_it(story: Story, path: str) -> None:
    story.site.publish({path: b"evil"}, version=2)

    with pytest.raises(DamagedError):
        story.get()
    assert not (story.target.parent / "outside").exists()


def test_a_link_that_leaves_the_target_is_refused_though_the_site_signed_it(story: Story) -> None:
    story.site.publish({"file": b"1"}, links={"link": "../../secret"}, version=2)

    with pytest.raises(DamagedError):
        story.get()


def test_a_target_that_holds_something_is_left_alone(story: Story) -> None:
    story.target.mkdir()
    (story.target / "mine").write_text("precious")

    with pytest.raises(SiteError, match="target_not_empty"):
        story.get()
    assert (story.target / "mine").read_text() == "precious"


def test_a_token_file_of_another_site_registers_nowhere(story: Story, tmp_path: Path) -> None:
    token = parse_registration_token(f"{'0' * 16}.{'A' * 43}.{'f' * 64}")

    with pytest.raises(RefusedError, match="wrong_site"):
        register_client(
            ClientFolders(root=tmp_path / "other"),
            url=story.identity.management_point_url,
            token=token,
            name="pc2",
            language="en",
        )


def test_a_registration_token_works_once(story: Story, tmp_path: Path) -> None:
    token = story.clients.new_registration_token()
    _register_again(story, tmp_path / "one", token)

    with pytest.raises(RefusedError):
        _register_again(story, tmp_path / "two", token)


def test_content_that_nobody_has_is_not_there(story: Story) -> None:
    with pytest.raises(NotFoundError):
        downloader(story.folders, story.identity).download("P0199999", story.target)


def test_a_download_goes_on_while_one_of_two_instances_is_replaced(story: Story) -> None:
    story.site.start_instance("DistributionPoint_IN_1")
    stop(story.instance)
    story.site.start_instance("DistributionPoint_IN_2")

    assert story.get() > len(LARGE)


def _register_again(story: Story, home: Path, token: str) -> ClientIdentity:
    return register_client(
        ClientFolders(root=home),
        url=story.identity.management_point_url,
        token=parse_registration_token(token),
        name="pc2",
        language="en",
    )


def _two_chunks(story: Story) -> tuple[Path, Path]:
    """Name two chunk objects of the published version, which are longer than anything else stored."""
    content = sorted((story.site.storage / "content").iterdir(), key=lambda path: (-path.stat().st_size, path.name))
    return content[0], content[1]
