import pytest

from clouddp.distribution_point.conditions import Conditions, Selection, select_octets

TAG = '"a1-64"'


def selected(conditions: Conditions, *, method: str = "GET", length: int = 100) -> Selection:
    return select_octets(conditions, method=method, etag=TAG, length=length)


def test_without_conditions_the_whole_object_is_sent() -> None:
    assert selected(Conditions()) == Selection(status=200, start=0, end=100)


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, 100),
        ("bytes=90-999", 90, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-999", 0, 100),
        ("BYTES=0-1", 0, 2),
    ],
)
def test_a_range_selects_its_octets(wanted: str, start: int, end: int) -> None:
    assert selected(Conditions(range=wanted)) == Selection(status=206, start=start, end=end)


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_without_any_octet_is_416(wanted: str) -> None:
    assert selected(Conditions(range=wanted)).status == 416


@pytest.mark.parametrize(
    "wanted", ["bytes=2-1", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=" + "9" * 30 + "-"]
)
def test_a_range_that_is_invalid_or_manifold_is_ignored(wanted: str) -> None:
    assert selected(Conditions(range=wanted)).status == 200


def test_nothing_can_be_selected_of_an_empty_object() -> None:
    assert selected(Conditions(range="bytes=0-"), length=0).status == 416


def test_a_range_means_nothing_with_head() -> None:
    assert selected(Conditions(range="bytes=0-1"), method="HEAD").status == 200


@pytest.mark.parametrize(
    ("if_range", "status"), [(TAG, 206), ('"other"', 200), (f"W/{TAG}", 200), ("Mon, 23 Nov 2026 08:00:00 GMT", 200)]
)
def test_if_range_needs_the_very_same_strong_tag(if_range: str, status: int) -> None:
    assert selected(Conditions(range="bytes=0-1", if_range=if_range)).status == status


@pytest.mark.parametrize(
    ("listed", "status"), [(TAG, 304), ("*", 304), (f'"x", {TAG}', 304), (f"W/{TAG}", 304), ('"x"', 200)]
)
def test_if_none_match_compares_weakly(listed: str, status: int) -> None:
    assert selected(Conditions(if_none_match=listed)).status == status


@pytest.mark.parametrize(("listed", "status"), [(TAG, 200), ("*", 200), ('"x"', 412), (f"W/{TAG}", 412)])
def test_if_match_compares_strongly_and_comes_first(listed: str, status: int) -> None:
    assert selected(Conditions(if_match=listed)).status == status
