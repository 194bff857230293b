"""What every Encoder promises, over ours and a fake: what a take's files must carry is in tests/media."""

from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from w2l_studio.media.encode import ProRes
from w2l_studio.media.images.take import Images
from w2l_studio.media.probe import probe
from w2l_studio.media.takes import AsPlate
from w2l_studio.terms import Planes, Plate, sequence_of
from w2l_studio.timing import FrameRange

FILM = Plate(Path("a.mov"), 64, 48, Fraction(24), 100, "prores", "yuv422p10le", 10)
FRAMES = FrameRange(7, 10, Fraction(24))


class Numpy:
    """A fake: one array per picture."""

    def name(self, stem, plate, frames):
        return f"{stem}.npz"

    @contextmanager
    def open(self, path, plate, first_frame, labels):
        pictures = []
        yield SimpleNamespace(write=lambda picture: pictures.append(picture.planes[0]))
        np.savez(path, *pictures)


def film_picture(level):
    luma, chroma = np.full((48, 64), level, np.uint16), np.full((48, 32), 512, np.uint16)
    return Planes((luma, chroma, chroma.copy()), FILM.pix_fmt)


def sequence_picture(level):
    return Planes(tuple(np.full((48, 64), level, np.uint16) for _ in range(3)), "gbrp10le")


@pytest.fixture(params=["ProRes", "Images", "AsPlate film", "AsPlate images", "Numpy"])
def case(request, numbered):
    """Return an encoder, a plate and what makes pictures of it."""
    kind, _, of = request.param.partition(" ")
    encoder = {"ProRes": ProRes, "Images": Images, "AsPlate": AsPlate, "Numpy": Numpy}[kind]()
    if "images" in (of, kind.lower()):
        return encoder, probe(numbered("dpx").path), sequence_picture
    return encoder, FILM, film_picture


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def written(case, folder):
    encoder, plate, picture = case
    path = folder / encoder.name("take", plate, FRAMES)
    with encoder.open(path, plate, FRAMES.start, {"synthetic": "yes"}) as sink:
        for level in (200, 500, 800):
            sink.write(picture(level))
        assert not any(".part" not in str(one) for one in files(folder))
    return path


def test_it_appears_when_the_block_has_ended(case, tmp_path):
    path = written(case, tmp_path)
    sequence = sequence_of(path)
    expected = [path] if sequence is None else list(sequence.files())
    assert files(tmp_path) == expected, "and nothing else is left"
    assert all(one.stat().st_size > 0 for one in expected)


def interrupted(case, folder):
    encoder, plate, picture = case
    with encoder.open(folder / encoder.name("take", plate, FRAMES), plate, FRAMES.start, {}) as sink:
        sink.write(picture(300))
        raise RuntimeError("trouble")


def test_an_error_leaves_no_file(case, tmp_path):
    with pytest.raises(RuntimeError, match="trouble"):
        interrupted(case, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_until_the_new_take_is_whole(case, tmp_path):
    written(case, tmp_path)
    before = {path: path.read_bytes() for path in files(tmp_path)}
    with pytest.raises(RuntimeError, match="trouble"):
        interrupted(case, tmp_path)
    assert {path: path.read_bytes() for path in files(tmp_path)} == before


def test_its_name_begins_with_the_stem(case):
    encoder, plate, _ = case
    assert encoder.name("take", plate, FRAMES).startswith("take")
