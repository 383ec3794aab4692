"""Tests of digests, against the algorithms' published values."""

from clouddp.content.format.digests import DigestAlgorithm, digest, digest_of_both


def test_blake3_of_nothing_is_the_published_value() -> None:
    assert digest(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_sha_256_of_nothing_is_the_published_value() -> None:
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest(b"", DigestAlgorithm.SHA256).hex() == expected


def test_two_runs_of_octets_are_hashed_as_one() -> None:
    for algorithm in DigestAlgorithm:
        assert digest_of_both(b"ab", b"c", algorithm) == digest(b"abc", algorithm)
