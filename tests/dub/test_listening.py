"""What the expert hears of the production sound, where segments reach beyond it."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from w2l_studio.dub.listening import production_sound
from w2l_studio.terms import ClipUse, Plate, Segment, SoundUse
from w2l_studio.timing import FrameRange

RATE = Fraction(25)


def frames(start: int, stop: int) -> FrameRange:
    return FrameRange(start, stop, RATE)


def spoken(seconds: float) -> np.ndarray:
    """A buzz with formants that counts as speech, loud and soft in turns."""
    t = np.arange(int(seconds * 16000)) / 16000
    buzz = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 20))
    return (0.1 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))).astype(np.float32)


def test_handles_before_the_first_sample_are_silence(tmp_path: Path) -> None:
    """A segment at the head of a timeline has handles before it; its sound counts all the same."""
    sound = tmp_path / "production.wav"
    written = spoken(3.0)
    soundfile.write(sound, written, 16000, subtype="FLOAT")
    plate = Plate(tmp_path / "a.mov", 640, 360, RATE, 100, "h264", "yuv420p", 8)
    clip = ClipUse((0, 0), "a", frames(0, 50), frames(20, 70), None, plate.path)
    segment = Segment("s", clip, plate, frames(20, 70), frames(8, 82), Fraction(0), True, ())
    heard = production_sound(segment, segment.render_range, (SoundUse(sound, Fraction(0)),))
    assert heard is not None
    assert len(heard) == 74 * 640
    assert not heard[: 12 * 640].any()
    np.testing.assert_allclose(heard[12 * 640 :], written[: 62 * 640], atol=1e-6)
    late = (SoundUse(sound, Fraction(10)),)
    assert production_sound(segment, segment.render_range, late) is None


@pytest.mark.parametrize("own", ["silent", "no sound", "spoken"])
def test_a_plate_whose_own_sound_says_nothing_leaves_it_to_the_edit(tmp_path: Path, own: str) -> None:
    written = spoken(4.0)
    plate = Plate(tmp_path / "a.wav", 640, 360, RATE, 100, "h264", "yuv420p", 8, has_audio=True)
    if own == "no sound":
        plate.path.write_text(own)
    else:
        soundfile.write(plate.path, written[::-1] * (own == "spoken"), 16000, subtype="FLOAT")
    clip = ClipUse((0, 0), "a", frames(0, 50), frames(0, 50), None, plate.path)
    segment = Segment("s", clip, plate, frames(0, 50), frames(0, 50), Fraction(0), True, ())
    soundfile.write(tmp_path / "edit.wav", written, 16000, subtype="FLOAT")
    heard = production_sound(segment, frames(0, 50), (SoundUse(tmp_path / "edit.wav", Fraction(0)),))
    wanted = written[::-1] if own == "spoken" else written
    assert heard is not None
    np.testing.assert_allclose(heard, wanted[:32000], atol=1e-6)
    alone = production_sound(segment, frames(0, 50), ())
    assert (alone is None) == (own != "spoken")
