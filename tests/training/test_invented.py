"""Invented languages: phones from IPA with their times, and what eSpeak NG makes where it is installed."""

import ctypes.util
import json

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from training.__main__ import cli
from training.performers import sources
from training.performers.speech import TARGETS
from training.speech import invented
from w2l_studio.errors import OutputError

BEGINS = [("s", 0.1), ("a", 0.2), ("p", 0.3), ("ˈaɪ", 0.35), ("m", 0.5), ("i", 0.6)]


def test_a_stop_is_shut_before_its_burst_and_phones_follow_each_other():
    phones = invented.timed(BEGINS, 0.8)
    assert [name for name, _, _ in phones] == ["SIL", "S", "AA", "P", "AY", "M", "IY"]
    assert phones[3][1] == pytest.approx(0.252)
    assert phones[5][1] == 0.5
    assert [stop for _, _, stop in phones[:-1]] == [start for _, start, _ in phones[1:]]
    assert (phones[0][1], phones[-1][2]) == (0.0, 0.8)


def test_what_has_no_near_phone_or_is_short_is_left_out():
    assert invented.timed([*BEGINS, ("β", 0.7)], 0.8) is None
    assert invented.timed(BEGINS[:5], 0.8) is None


def test_every_letter_has_a_phone_that_performers_know():
    letters = "".join(invented._VOWELS.values()) + "".join(invented._OTHERS.values())
    assert len(set(letters)) == len(letters)
    assert {invented.arpabet(letter) for letter in letters} <= set(TARGETS)
    assert {*invented._PAIRS.values(), *invented._GLIDING.values()} <= set(TARGETS)


def test_words_shut_lips_often():
    text = "".join(invented.words(np.random.default_rng(seed)) for seed in range(20))
    letters = [letter for letter in text if letter.isalpha()]
    assert 0.12 < np.mean([letter in "pbm" for letter in letters]) < 0.4


@pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="needs libespeak-ng1")
def test_it_speaks_into_a_folder_that_performers_learn_from(tmp_path):
    seconds = invented.write(tmp_path, 6, 0)
    rows = [json.loads(line) for line in (tmp_path / "speech.jsonl").read_text("utf-8").splitlines()]
    assert len({row["corpus"] for row in rows}) == 6
    found = list(sources.spoken(tmp_path, ["invented"]))
    assert sum(len(one.audio) for one in found) / 16000 == pytest.approx(seconds, abs=0.1)
    quiet, loud = [], []
    for one in found:
        for name, start, stop in one.phones:
            part = one.audio[round(start * 16000) : round((start + min(0.04, stop - start)) * 16000)]
            if name in ("P", "AA"):
                (quiet if name == "P" else loud).append(np.abs(np.diff(part)).mean())
    assert np.median(quiet) < 0.3 * np.median(loud)


@pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="needs libespeak-ng1")
def test_a_full_disk_is_told_in_a_sentence(tmp_path, small_disk):
    with small_disk(1000), pytest.raises(OutputError, match="disk is full"):
        cli.main(["invented", str(tmp_path), "--utterances", "2"], standalone_mode=False)
