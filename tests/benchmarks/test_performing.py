"""benchmarks/performing.py: what a picture costs is counted, and a pack that processes fill."""

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the extra [performers]")

from benchmarks import performing
from training.performers.act import Source

PHONES = [("M", 0.2, 0.3), ("AA", 0.3, 0.6), ("M", 0.6, 0.7), ("AA", 0.7, 1.0), ("SIL", 1.0, 1.6)]


@pytest.fixture
def clips(graphics):
    tone = np.sin(np.arange(25_600) * 0.1).astype(np.float32) * 0.2
    return performing.wanted([Source("mama", "nobody", "train", "CC0", tone, phones=PHONES)], 2)


def test_clips_of_one_source_have_performers_of_their_own(clips):
    assert [seed for seed, _ in clips] == [0, 1]


def test_what_the_driver_does_is_counted_apart(clips):
    total, outside = performing.alone(clips)
    assert 0 < outside < total


def test_a_pack_is_filled_and_its_pace_told(clips):
    whole, running = performing.side_by_side(clips, 1)
    assert whole > 0
    assert running > 0


def test_without_speech_heads_say_the_examples_lines(graphics):
    assert all(source.phones for source in performing.example())
