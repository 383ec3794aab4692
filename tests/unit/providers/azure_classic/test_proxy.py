"""What is sent to the cloud goes through the proxy it is told of, management and storage alike."""

from dataclasses import replace
from pathlib import Path

import pytest

from clouddp.model.errors import TemporaryError
from clouddp.providers.azure_classic.provider import AzureClassicProvider
from clouddp.store.object_store import open_azure_container
from tests.unit.fabric.blob_storage.storage_servers import (
    ACCOUNT,
    KEY,
    authorities_pem,
    create_container,
    running_storage,
)
from tests.unit.providers.azure_classic.connect_proxy import serve_proxy
from tests.unit.providers.azure_classic.scripted_cloud import Answer, ScriptedCloud

SUBSCRIPTION = "<Subscription><SubscriptionStatus>Active</SubscriptionStatus></Subscription>"


def test_management_requests_go_through_the_proxy(cloud: ScriptedCloud) -> None:
    cloud.script("GET", "", Answer(body=SUBSCRIPTION))

    with serve_proxy() as proxy:
        settings = replace(cloud.settings(), proxy_url=proxy.url_for())
        AzureClassicProvider().connect(settings).cloud.check_access()
        tunnels = list(proxy.tunnels)

    assert tunnels == [cloud.url.removeprefix("https://")]
    assert cloud.asked[0].client_certificate is not None  # the tunnel's ends are ours and the cloud's


def test_a_proxy_that_refuses_is_trouble_that_may_pass_and_its_password_is_not_told(cloud: ScriptedCloud) -> None:
    with serve_proxy() as proxy:
        settings = replace(cloud.settings(), proxy_url=proxy.url_for("site:guessed"))
        with pytest.raises(TemporaryError) as caught:
            AzureClassicProvider().connect(settings).cloud.check_access()

    assert caught.value.code == "cloud.proxy_refused"
    assert "guessed" not in str(caught.value)
    assert "guessed" not in repr(settings)
    assert cloud.asked == []


def test_storage_is_reached_through_the_proxy(tmp_path: Path) -> None:
    with running_storage(tmp_path) as storage, serve_proxy() as proxy:
        create_container(storage)
        store = open_azure_container(
            endpoint=storage.endpoint,
            account=ACCOUNT,
            key=KEY,
            container="clouddp",
            authorities_pem=authorities_pem(),
            proxy_url=proxy.url_for(),
        )
        store.put("content/ab", b"x")
        assert store.get("content/ab") == b"x"
        tunnels = set(proxy.tunnels)

    assert tunnels == {storage.endpoint.removeprefix("https://").partition("/")[0]}
