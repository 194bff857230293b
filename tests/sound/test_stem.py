from fractions import Fraction
from pathlib import Path

import pytest

from w2l_studio.errors import UsageError
from w2l_studio.sound import stem

HOUR_S = Fraction(3600)
DAY_S = Fraction(86400)


def test_what_is_longer_than_any_name_is_a_character_and_a_path():
    assert stem.parse("ANNA=" + "a" * 300) == ("ANNA", Path("a" * 300))


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("fr.wav", (None, "fr.wav")),
        ("ANNA=anna.wav", ("ANNA", "anna.wav")),
        ("ANNA = a b.wav", ("ANNA", "a b.wav")),
        ("ANNA=take=2.wav", ("ANNA", "take=2.wav")),
    ],
)
def test_options(option, wanted):
    assert stem.parse(option) == (wanted[0], Path(wanted[1]))


def test_an_existing_path_with_an_equals_sign_is_a_path(tmp_path):
    path = tmp_path / "take=2.wav"
    path.write_bytes(b"")
    assert stem.parse(str(path)) == (None, path)


@pytest.mark.parametrize("option", ["=anna.wav", "ANNA=", "="])
def test_options_that_lack_a_half(option):
    with pytest.raises(UsageError, match="NAME=FILE"):
        stem.parse(option)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("fr.wav", "fr"),
        ("FR.WAV", "fr"),
        ("de-DE.wav", "de-DE"),
        ("de_at.wav", "de-AT"),
        ("show.fr.wav", "fr"),
        ("show.v2.pt-BR.wav", "pt-BR"),
        ("zh-hant-tw.wav", "zh-Hant-TW"),
        ("es-419.wav", "es-419"),
        ("yue.wav", "yue"),
        ("anna.wav", None),
        ("mix.wav", None),
        ("fx.wav", None),
        ("fr-final.wav", None),
        ("show_fr.wav", None),
    ],
)
def test_languages(name, wanted):
    assert stem.language(Path("stems") / name) == wanted


def test_time_reference_comes_first():
    reference = 48000 * 3610
    assert stem.place(reference, 48000, HOUR_S, Fraction(5), DAY_S) == (Fraction(10), "time-reference")
    assert stem.place(48000 * 3599, 48000, HOUR_S, None, DAY_S) == (Fraction(-1), "time-reference")


def test_time_reference_is_exact_at_ntsc_rates():
    start_s = Fraction(86400 * 1001, 24000)
    first_s, _ = stem.place(172972800 + 1, 48000, start_s, None, DAY_S)
    assert first_s == Fraction(1, 48000)


def test_a_zero_reference_counts_as_absent():
    assert stem.place(0, 48000, HOUR_S, Fraction(5), DAY_S) == (Fraction(5), "edit")
    assert stem.place(0, 48000, HOUR_S, None, DAY_S) == (Fraction(0), "timeline-start")
    assert stem.place(0, 48000, Fraction(0), Fraction(5), DAY_S) == (Fraction(5), "edit")
    assert stem.place(0, 48000, Fraction(0), None, DAY_S) == (Fraction(0), "timeline-start")


def test_edit_then_start():
    assert stem.place(None, 48000, HOUR_S, Fraction(-2), DAY_S) == (Fraction(-2), "edit")
    assert stem.place(None, 48000, HOUR_S, None, DAY_S) == (Fraction(0), "timeline-start")


def test_a_stem_or_a_timeline_may_begin_behind_midnight():
    before_s, behind_s = DAY_S - 10, Fraction(5)
    assert stem.place(5 * 48000, 48000, before_s, None, DAY_S)[0] == 15
    assert stem.place(int(before_s) * 48000, 48000, behind_s, None, DAY_S)[0] == -15
    # At 23.976, 24 hours of timecode last 86.4 seconds longer.
    long_s = DAY_S + Fraction(432, 5)
    assert stem.place(5 * 48000, 48000, long_s - 10, None, long_s)[0] == 15
