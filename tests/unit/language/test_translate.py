"""Texts by code, in the reader's language."""

import pytest

from clouddp.language.translate import explain, next_step, translate


def test_a_text_is_filled_with_its_arguments() -> None:
    text = translate("site.code_invalid", {"code": "p1"}, language="en")

    assert text == "“p1” is no site code."


def test_an_argument_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    text = translate("site.code_invalid", {"code": "{code}"}, language="en")

    assert text == "“{code}” is no site code."


def test_what_to_do_follows_what_happened() -> None:
    assert explain("site.language_unknown", {"language": "de"}, language="en").endswith("Use en or fr.")


def test_a_text_without_a_next_step_has_none() -> None:
    assert next_step("site.settings_invalid", language="fr") is None


def test_a_missing_argument_is_a_defect_and_does_not_pass() -> None:
    with pytest.raises(KeyError):
        translate("site.code_invalid", {}, language="en")
