"""Sound files to the sample: any rate, width and number of channels, from any place."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from w2l_studio.errors import StemError
from w2l_studio.media.decode import open_plate
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import probe_sound, read_mono

SECOND = 48000


def write(path, samples, rate=SECOND, codec="pcm_s24le", sample_format="s32", metadata=None, bext=False):
    """Write ``float[channels, S]`` as a sound file."""
    full = {"u8": 2**7, "s16": 2**15, "s32": 2**31}.get(sample_format, 1)
    kind = {"u8": np.uint8, "s16": np.int16, "s32": np.int32}.get(sample_format, np.float32)
    data = np.clip(samples * full, -full, full - 1) if full > 1 else samples
    data = (data + (128 if sample_format == "u8" else 0)).astype(kind)
    with av.open(str(path), "w", options={"write_bext": "1"} if bext else {}) as container:
        container.metadata.update(metadata or {})
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
        stream = container.add_stream(codec, rate=rate, layout=layout)
        packed = np.ascontiguousarray(data.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(packed, sample_format, layout)
        frame.rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def tone(seconds, rate, hz=440.0):
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize(
    ("codec", "sample_format"),
    [
        ("pcm_u8", "u8"),
        ("pcm_s16le", "s16"),
        ("pcm_s24le", "s32"),
        ("pcm_s32le", "s32"),
        ("pcm_f32le", "flt"),
    ],
)
@pytest.mark.parametrize("rate", [16000, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_width_and_channels(codec, sample_format, rate, channels, tmp_path):
    samples = np.tile(tone(0.5, rate), (channels, 1))
    path = write(tmp_path / "a.wav", samples, rate, codec, sample_format)
    info = probe_sound(path)
    assert (info.rate, info.samples) == (rate, len(samples[0]))
    heard = read_mono(path)
    assert heard.dtype == np.float32
    assert len(heard) == 8000
    middle = slice(800, -800)
    assert np.abs(heard[middle] - tone(0.5, 16000)[middle]).max() < (0.01 if sample_format == "u8" else 2e-3)


def test_channels_are_mixed_by_their_mean(tmp_path):
    left = tone(0.2, 16000)
    path = write(tmp_path / "a.wav", np.stack([left, np.zeros_like(left)]), 16000)
    np.testing.assert_allclose(read_mono(path), left / 2, atol=1e-6)


def test_time_reference_is_read_from_bext(tmp_path):
    samples = np.zeros((1, SECOND))
    path = write(tmp_path / "a.wav", samples, metadata={"time_reference": "172800123"}, bext=True)
    assert probe_sound(path).time_reference == 172800123
    assert probe_sound(write(tmp_path / "b.wav", samples)).time_reference is None


@pytest.fixture(scope="module")
def long_sound(tmp_path_factory):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 5 * 44100))
    path = write(tmp_path_factory.mktemp("sound") / "a.wav", noise, 44100, "pcm_s16le", "s16")
    return path, read_mono(path)


@given(st.fractions(0, 5, max_denominator=96000), st.fractions(0, 5, max_denominator=96000))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_range_equals_the_same_samples_of_the_whole(long_sound, a, b):
    path, whole = long_sound
    start, stop = min(a, b), max(a, b)
    first, last = (((t * 16000) + Fraction(1, 2)).__floor__() for t in (start, stop))
    part = read_mono(path, 16000, start, stop)
    assert len(part) == min(last, len(whole)) - first
    np.testing.assert_allclose(part, whole[first:last], atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVE", b"no sound at all" * 100])
def test_what_is_no_sound_is_a_sentence(content, tmp_path):
    path = tmp_path / "fr.wav"
    path.write_bytes(content)
    with pytest.raises(StemError, match=r"fr\.wav: "):
        probe_sound(path)
    with pytest.raises(StemError, match="does not exist"):
        probe_sound(tmp_path / "none.wav")


def test_samples_that_are_no_numbers_are_refused(tmp_path):
    samples = np.zeros((1, 16000), np.float32)
    samples[0, 8000] = np.nan
    path = write(tmp_path / "a.wav", samples, 16000, "pcm_f32le", "flt")
    with pytest.raises(StemError, match="no numbers"):
        read_mono(path)


@pytest.mark.parametrize("loud", [1e12, 1e37])
def test_samples_that_nobody_means_are_refused(loud, tmp_path):
    samples = tone(0.2, 16000)[None]
    path = write(tmp_path / "a.wav", samples * loud, 16000, "pcm_f32le", "flt")
    with pytest.raises(StemError, match="beyond ten billion times full scale"):
        read_mono(path)
    # Integers that are written as floats are loud, and can be meant.
    assert len(read_mono(write(tmp_path / "b.wav", samples * 2**31, 16000, "pcm_f32le", "flt"))) == 3200


@pytest.mark.parametrize("rate", [1, 999, 100_000_000])
def test_rates_at_which_nothing_is_recorded_are_refused(rate, tmp_path):
    path = write(tmp_path / "a.wav", np.zeros((1, 400)), rate, "pcm_s16le", "s16")
    with pytest.raises(StemError, match=rf"a\.wav: the sound has {rate} samples a second"):
        probe_sound(path)


@pytest.mark.parametrize(("digits", "read"), [(20, int("9" * 20)), (21, None), (5000, None)])
def test_a_time_reference_is_a_number_of_64_bits(digits, read, tmp_path):
    path = write(
        tmp_path / "a.flac", np.zeros((1, 1600)), 16000, "flac", "s16", {"time_reference": digits * "9"}
    )
    assert probe_sound(path).time_reference == read


def with_hole(path, seconds):
    """Write 20 pieces of AAC, the fifth and later ones so much later."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=SECOND, layout="mono")
        frames = [
            av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono") for _ in range(20)
        ]
        for index, frame in enumerate(frames):
            frame.rate, frame.pts = SECOND, 1024 * index
        packets = [packet for frame in [*frames, None] for packet in stream.encode(frame)]
        for index, packet in enumerate(packets):
            later = seconds * SECOND if index >= 5 else 0
            packet.pts, packet.dts = packet.pts + later, packet.dts + later
            container.mux(packet)
    return path


def test_a_hole_in_the_sound_is_silence_but_for_hours_of_it(tmp_path):
    assert len(read_mono(with_hole(tmp_path / "a.m4a", 90))) // 16000 == 90
    with pytest.raises(
        StemError, match=r"b\.m4a: 12\.0 hours of its sound are missing, 0\.1 s after its begin"
    ):
        read_mono(with_hole(tmp_path / "b.m4a", 12 * 3600))


def test_a_film_without_sound_is_no_stem(film):
    with pytest.raises(StemError, match="holds no sound"):
        probe_sound(film(frames=2))


def test_sound_of_a_recording_that_begins_in_the_middle_counts_from_the_first_picture_that_decodes(tmp_path):
    """A flash and a click at 2 s, cut in a group of pictures: they stay together."""
    whole, cut = tmp_path / "whole.ts", tmp_path / "cut.ts"
    click = np.zeros((1, 48000 * 3), np.float32)
    click[0, 96000:96480] = 0.9
    with av.open(str(whole), "w") as film:
        pictures = film.add_stream("libx264", rate=25, options={"g": "24", "bf": "2", "sc_threshold": "0"})
        pictures.width, pictures.height, pictures.pix_fmt = 64, 64, "yuv420p"
        sound = film.add_stream("mp2", rate=48000, layout="mono")
        for n in range(75):
            frame = av.VideoFrame.from_ndarray(
                np.full((64, 64, 3), 255 * (n == 50), np.uint8), format="rgb24"
            )
            frame.pts = n
            film.mux(pictures.encode(frame))
        frame = av.AudioFrame.from_ndarray((click * 32767).astype(np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 48000, 0
        film.mux(sound.encode(frame) + sound.encode(None) + pictures.encode(None))
    with av.open(str(whole)) as read, av.open(str(cut), "w") as write:
        copies = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        begin_s = min(stream.start_time * stream.time_base for stream in read.streams) + Fraction(1, 2)
        for packet in read.demux():
            if packet.pts is not None and packet.pts * packet.time_base > begin_s:
                packet.stream = copies[packet.stream_index]
                write.mux(packet)
    for path in (whole, cut):
        plate = probe(path)
        with open_plate(plate) as reader:
            flash = int(np.argmax([picture.planes[0].mean() for picture in reader.read(0, plate.frames)]))
        heard = np.flatnonzero(np.abs(read_mono(path)) > 0.3)[0] / 16000
        assert abs(heard - flash / 25) < 0.02, path.name
    assert probe(cut).frames < 65
