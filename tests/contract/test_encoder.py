"""What every Encoder promises, over ours and a fake: what a take's file must carry is in tests/media."""

from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from w2l_studio.media.encode import ProRes
from w2l_studio.terms import Planes, Plate


class Numpy:
    """A fake: one array per picture."""

    name, suffix = "numpy", ".npz"

    @contextmanager
    def open(self, path, plate, first_frame, labels):
        pictures = []
        yield SimpleNamespace(write=lambda picture: pictures.append(picture.planes[0]))
        np.savez(path, *pictures)


@pytest.fixture(params=[ProRes, Numpy])
def encoder(request):
    return request.param()


PLATE = Plate(Path("a.mov"), 64, 48, Fraction(24), 100, "prores", "yuv422p10le", 10)


def picture(level):
    luma, chroma = np.full((48, 64), level, np.uint16), np.full((48, 32), 512, np.uint16)
    return Planes((luma, chroma, chroma.copy()), "yuv422p10le")


def test_the_file_appears_when_the_block_has_ended(encoder, tmp_path):
    path = tmp_path / f"take{encoder.suffix}"
    with encoder.open(path, PLATE, 0, {"synthetic": "yes"}) as sink:
        for level in (200, 500, 800):
            sink.write(picture(level))
        assert not path.exists()
    assert path.stat().st_size > 0
    assert list(tmp_path.iterdir()) == [path], "nothing else is left"


def interrupted(encoder, path):
    with encoder.open(path, PLATE, 0, {}) as sink:
        sink.write(picture(300))
        raise RuntimeError("trouble")


def test_an_error_leaves_no_file(encoder, tmp_path):
    with pytest.raises(RuntimeError, match="trouble"):
        interrupted(encoder, tmp_path / "take")
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_until_the_new_file_is_whole(encoder, tmp_path):
    path = tmp_path / f"take{encoder.suffix}"
    path.write_bytes(b"the last take")
    with pytest.raises(RuntimeError, match="trouble"):
        interrupted(encoder, path)
    assert path.read_bytes() == b"the last take"


def test_it_says_how_its_files_end(encoder):
    assert encoder.suffix.startswith(".")
