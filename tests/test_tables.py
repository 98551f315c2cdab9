"""Names in tables and of files, whatever wrote them."""

import unicodedata

from tasks._tables import plain

NAME = "Beyoncé & Jürgen v.d. 2"


def test_a_plain_name_does_not_depend_on_how_it_was_stored() -> None:
    composed = unicodedata.normalize("NFC", NAME)
    misread = composed.encode().decode("cp437")
    for stored in (composed, unicodedata.normalize("NFD", NAME), misread):
        assert plain(stored) == "beyoncjrgenvd2"


def test_a_name_without_plain_letters_is_kept() -> None:
    assert plain("防弾少年団") == "防弾少年団"
