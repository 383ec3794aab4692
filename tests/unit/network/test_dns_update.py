"""Publishing an alias by a signed update."""

from dataclasses import replace
from pathlib import Path

import dns.rcode
import dns.tsig
import dns.update
import pytest

from clouddp.model.errors import SiteError
from clouddp.network.dns_update import ZoneAccess, publish_alias
from tests.unit.fabric.names.name_servers import FQDN, SECRET, SERVICE, ZONE, running_names


def _refusal(fqdn: str, access: ZoneAccess) -> str:
    with pytest.raises(SiteError) as caught:
        publish_alias(fqdn, SERVICE, access=access)
    return caught.value.code


def test_publishing_again_changes_the_target_and_may_be_repeated(tmp_path: Path) -> None:
    with running_names(tmp_path) as names:
        publish_alias(FQDN, "older.cloudapp.net", access=names.access())
        publish_alias(FQDN, SERVICE, access=names.access())
        publish_alias(FQDN, SERVICE, access=names.access())

        assert [record.to_text() for record in names.ask(FQDN, "CNAME").answer[0]] == [f"{SERVICE}."]


def test_a_refused_update_says_why(tmp_path: Path) -> None:
    with running_names(tmp_path) as names:
        good = names.access()

        assert _refusal(FQDN, names.access(secret=b"x" * 32)) == "names.key_refused"
        assert _refusal(FQDN, names.access(key_name="other")) == "names.key_refused"
        assert _refusal("a.fabrikam.com", names.access(zone="fabrikam.com")) == "names.zone_not_served"
        assert _refusal("a.cloudapp.net", names.access(zone="cloudapp.net")) == "names.update_refused"
        assert _refusal("a.fabrikam.com", good) == "names.not_in_zone"
        assert _refusal(FQDN, replace(good, port=1)) == "names.server_silent"
        assert _refusal(FQDN, replace(good, algorithm="hmac-md5")) == "names.algorithm_unknown"
        assert _refusal(FQDN, replace(good, secret="not base64!")) == "names.secret_not_base64"


def test_a_name_with_an_address_of_its_own_is_left_alone(tmp_path: Path) -> None:
    with running_names(tmp_path) as names:
        update = dns.update.UpdateMessage(ZONE, keyring=dns.tsig.Key("site", SECRET, "hmac-sha256"))
        update.add("clouddp1", 60, "A", "192.0.2.1")
        assert names.tell(update).rcode() == dns.rcode.NOERROR

        assert _refusal(FQDN, names.access()) == "names.has_address"
        assert names.ask(FQDN, "A").answer


def test_the_secret_is_not_shown() -> None:
    access = ZoneAccess(zone=ZONE, server="127.0.0.1", key_name="site", secret="c2VjcmV0")

    assert "c2VjcmV0" not in repr(access)
