"""Films with sound for scoring: the example's close-up with its sound moved, and drawn faces."""

import importlib.util
from pathlib import Path

import av
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def rule():
    """The fill rule of tests/parity as a module."""
    path = ROOT / "tests" / "parity" / "fill.py"
    spec = importlib.util.spec_from_file_location("score_parity_fill", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def with_sound():
    """Return ``write(film, samples, path)``: the film's own packets beside 16 kHz ``int16[S]``."""

    def write(film, samples, path):
        with av.open(str(film)) as source, av.open(str(path), "w") as out:
            pictures = source.streams.video[0]
            video = out.add_stream_from_template(pictures)
            audio = out.add_stream("pcm_s16le", rate=16000, layout="mono")
            for packet in source.demux(pictures):
                if packet.dts is not None:
                    packet.stream = video
                    out.mux(packet)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.int16)[None], "s16", "mono")
            frame.rate, frame.pts = 16000, 0
            out.mux(audio.encode(frame))
            out.mux(audio.encode(None))
        return path

    return write


@pytest.fixture(scope="session")
def hiss():
    """Return ``make(seconds) -> int16[S]``: loud noise, which is no speech."""
    return lambda seconds: np.random.default_rng(0).normal(0, 3000, round(16000 * seconds)).astype(np.int16)
