"""How voices' own phones and times are read, on lines as Festival and Open JTalk write them."""

import itertools

import pytest

from benchmarks import lips_voices

VOICES = {voice.call: voice for voice in lips_voices.VOICES}


def test_segments_begin_where_the_one_before_ends():
    label = "separator ;\nnfields 1\n#\n0.2800 100 pau\n0.3528 100 n\n0.4252 100 a\n"
    assert lips_voices.segments(label) == [("pau", 0, 0.28), ("n", 0.28, 0.3528), ("a", 0.3528, 0.4252)]


def test_a_phone_is_read_as_the_voice_means_it():
    def read(voice, *phones):
        return [lips_voices.arpabet(phone, VOICES[voice].own) for phone in phones]

    assert read("lp_diphone", "tt", "a1", "tS") == ["T", "AA", "CH"]
    assert read("suo_fi_lj_diphone", "p:", "y:", "##") == ["P", "UW", "SIL"]
    assert read("czech_ph", "ch", "y", "n*", "r~*") == ["HH", "UW", "N", "ZH"]
    assert read("msu_ru_nsh_clunits", "ch", "yy", "pp", "aa", "a") == ["CH", "IH", "P", "AA", "AH"]
    assert read("hindi_NSK_diphone", "ch", "y", "bh", "th", "aa", "a") == ["CH", "Y", "B", "T", "AA", "AH"]
    assert read("upc_ca_ona_hts", "r", "rr", "o1") == ["D", "R", "OW"]


def test_a_phone_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match=r"'q\?' is not known"):
        lips_voices.arpabet("q?", {})


def test_japanese_held_consonants_and_n_are_spoken_where_the_next_sound_is():
    names = ("sil", "k", "i", "cl", "p", "u", "k", "a", "N", "by", "o", "N", "pau", "cl", "k", "I", "sil")
    lines = [f"{i}00000 {i + 1}00000 xx^xx-{name}+yy=zz/A:-3+1" for i, name in enumerate(names)]
    trace = "[Text analysis result]\nx\n\n[Output label]\n" + "\n".join(lines) + "\n\n[Global parameter]\n"
    phones = lips_voices.japanese(trace)
    assert [name for name, _, _ in phones] == [
        "SIL", "K", "IY", "P", "P", "IH", "K", "AA", "M", "B", "AO", "N", "SIL", "K", "K", "IY", "SIL",
    ]  # fmt: skip
    assert phones[3][1:] == (0.03, 0.04)
    assert all(a[2] == b[1] for a, b in itertools.pairwise(phones))
