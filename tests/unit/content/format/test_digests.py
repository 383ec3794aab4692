"""Tests of digests, against the algorithms' published values."""

from clouddp.content.format.digests import DigestAlgorithm, begin_digest, continue_digest, digest


def test_blake3_of_nothing_is_the_published_value() -> None:
    assert digest(b"").hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_sha_256_of_nothing_is_the_published_value() -> None:
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest(b"", DigestAlgorithm.SHA256).hex() == expected


def test_a_continued_digest_is_that_of_both_runs_and_can_be_continued_again() -> None:
    for algorithm in DigestAlgorithm:
        begun = begin_digest(b"ab", algorithm)

        assert continue_digest(begun, b"c") == digest(b"abc", algorithm)
        assert continue_digest(begun, b"d") == digest(b"abd", algorithm)
        assert begun.digest() == digest(b"ab", algorithm)
