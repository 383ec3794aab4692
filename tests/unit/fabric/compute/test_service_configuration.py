"""A .cscfg is read strictly, whatever else it may be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddp.fabric.compute.service_configuration import INSTANCE_LIMIT, read_service_configuration
from clouddp.fabric.management.protocol_errors import ProtocolError
from tests.unit.fabric.builders import SERVICE, configuration


def test_a_configuration_says_role_count_settings_and_certificates() -> None:
    read = read_service_configuration(configuration(count=3, thumbprint=SERVICE.thumbprint.lower()))

    assert (read.role, read.instance_count) == ("DistributionPoint", 3)
    assert read.settings["Delivery"] == "bytes"
    assert read.certificates == {"Service": SERVICE.thumbprint}
    assert read.instance_names == [f"DistributionPoint_IN_{number}" for number in range(3)]


@pytest.mark.parametrize("start", ['<?xml version="1.0" encoding="utf-8"?>', "\ufeff", "<!-- made by hand -->"])
def test_what_editors_put_before_it_is_fine(start: str) -> None:
    assert read_service_configuration(start + configuration()).instance_count == 2


@pytest.mark.parametrize("count", [1, INSTANCE_LIMIT])
def test_the_count_has_a_least_and_a_most(count: int) -> None:
    assert read_service_configuration(configuration(count=count)).instance_count == count


WRONG = {
    "nothing": "",
    "no XML": "<",
    "an entity": "<!DOCTYPE a [<!ENTITY b 'c'>]>" + configuration(),
    "another encoding than it says": '<?xml version="1.0" encoding="utf-16"?>' + configuration(),
    "another root": configuration()
    .replace("ServiceConfiguration ", "ServiceDefinition ", 1)
    .replace("</ServiceConfiguration>", "</ServiceDefinition>"),
    "another namespace": configuration().replace("ServiceHosting/2008/10", "ServiceHosting/2020/10"),
    "no role": configuration().replace("Role", "Roll"),
    "two roles": configuration().replace("</ServiceConfiguration>", "<Role name='B'/></ServiceConfiguration>"),
    "a role without a name": configuration(role=""),
    "a role's name upwards": configuration(role=".."),
    "a role's name too long": configuration(role="a" * 41),
    "no count": configuration().replace("count=", "number="),
    "a count of none": configuration(count=0),
    "a count too many": configuration(count=INSTANCE_LIMIT + 1),
    "a count of great length": configuration(count="1" * 10_000),
    "a negative count": configuration(count=-1),
    "a count in other digits": configuration(count="٢"),
    "a setting without a value": configuration().replace("value='bytes'", ""),
    "a setting without a name": configuration().replace("name='Delivery'", ""),
    "a setting twice": configuration().replace("name='Delivery'", "name='UsageKey'"),
    "a thumbprint that is none": configuration(thumbprint="x" * 40),
    "a short thumbprint": configuration(thumbprint="ab"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused_and_said(wrong: str) -> None:
    with pytest.raises(ProtocolError, match="service configuration is not valid") as caught:
        read_service_configuration(WRONG[wrong])

    assert (caught.value.status, caught.value.code) == (400, "BadRequest")


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2_000), inserted=st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
def test_no_change_of_a_configuration_is_a_defect(place: int, inserted: str) -> None:
    text = configuration()
    place %= len(text)

    try:
        read = read_service_configuration(text[:place] + inserted + text[place + 1 :])
    except ProtocolError as error:
        assert error.code == "BadRequest"  # noqa: PT017 (both outcomes are right)
    else:
        assert 1 <= read.instance_count <= INSTANCE_LIMIT
