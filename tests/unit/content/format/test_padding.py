"""Tests of Padmé lengths."""

import pytest

from clouddp.content.format.padding import padded_length


@pytest.mark.parametrize(
    ("length", "padded"),
    [(0, 0), (1, 1), (2, 2), (8, 8), (9, 10), (100, 104), (1_000, 1_024), (1_048_577, 1_081_344)],
)
def test_lengths_are_padded_as_the_paper_says(length: int, padded: int) -> None:
    assert padded_length(length) == padded


def test_a_padded_length_is_never_shorter_nor_more_than_12_percent_longer() -> None:
    for length in range(1, 100_000):
        padded = padded_length(length)
        assert length <= padded <= length * 1.12
        assert padded_length(padded) == padded
