"""Image sequences as plates and takes: read by number, written again with nothing changed but what is new."""

import os
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import OpenImageIO as oiio  # noqa: N813 - its documentation's name for it
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from w2l_studio.errors import MediaError, OutputError, Unsupported
from w2l_studio.media import decode
from w2l_studio.media.images import painting, still, writing
from w2l_studio.media.images.take import Images
from w2l_studio.media.probe import probe
from w2l_studio.terms import Planes, Plate, sequence_of
from w2l_studio.timing import FrameRange

RATE = Fraction(24)
KINDS = ("exr", "dpx", "tif", "png")
PLATE = Plate(Path("sh010.[1001-1012].exr"), 64, 48, RATE, 12, "openexr", "gbrp16le", 16)


def samples_of(path):
    file = oiio.ImageInput.open(str(path))
    try:
        return file.read_image(file.spec().format), {one.name: one.value for one in file.spec().extra_attribs}
    finally:
        file.close()


def taken(plate, frames, change, folder, labels=None):
    """Write a take of a plate's frames, each picture changed by ``change(planes)``."""
    encoder = Images()
    path = folder / encoder.name("take", plate, frames)
    with (
        encoder.open(path, plate, frames.start, labels or {}) as sink,
        decode.open_plate(plate) as reader,
    ):
        for picture in reader.read(frames.start, frames.stop):
            sink.write(change(picture))
    return sequence_of(path)


def file_of(path, samples, kind, channels="RGB", formats=(), **header):
    """Write one picture file of a type of samples, or of one for each channel; return its sequence."""
    spec = oiio.ImageSpec(samples.shape[1], samples.shape[0], len(channels), kind)
    spec.channelnames = tuple(channels)
    spec.channelformats = tuple(map(oiio.TypeDesc, formats))
    for name, value in header.items():
        spec.attribute(name, value)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(samples), out.geterror()
    assert out.close()
    return sequence_of(path.with_name(f"a.[1-1]{path.suffix}"))


def write_other(write):
    """Return what writes other samples than it is given."""
    return lambda out, samples: write(out, samples ^ 1)


def lightened(picture):
    """Return a picture with one corner of its first plane (green) set to a level of its own."""
    first, *others = (plane.copy() for plane in picture.planes)
    first[:8, :8] = 30000 if first.dtype == np.uint16 and first.max() > 1023 else 200
    return Planes((first, *others), picture.pix_fmt)


class TestPlate:
    @pytest.mark.parametrize(
        ("kind", "pix_fmt", "bits"),
        [("exr", "gbrp16le", 16), ("dpx", "gbrp10le", 10), ("tif", "gbrp16le", 16), ("png", "gbrp", 8)],
    )
    def test_it_is_probed(self, numbered, kind, pix_fmt, bits):
        plate = probe(numbered(kind).path, Fraction(25))
        assert (plate.width, plate.height, plate.frames, plate.rate) == (64, 48, 12, 25)
        assert (plate.pix_fmt, plate.bits, plate.has_audio, plate.field_order) == (pix_fmt, bits, False, None)

    def test_a_dpx_is_read_in_its_own_codes(self, numbered):
        sequence = numbered("dpx")
        words, _ = samples_of(sequence.file(3))
        with decode.open_plate(probe(sequence.path)) as reader:
            (picture,) = reader.read(3, 4)
        assert np.array_equal(np.dstack([picture.planes[i] for i in (2, 0, 1)]), words >> 6)

    def test_frames_are_counted_from_its_first_number(self, numbered):
        levels = np.arange(12)[:, None, None, None] * np.full((48, 64, 3), 20)
        sequence = numbered("png", levels, first=7)
        with decode.open_plate(probe(sequence.path)) as reader:
            assert [int(one.planes[0][0, 0]) for one in reader.read(4, 7)] == [80, 100, 120]
            with pytest.raises(ValueError, match=r"frames 4\.\.13"):
                list(reader.read(4, 13))

    def test_where_a_file_is_missing_the_error_names_it(self, numbered):
        sequence = numbered("png")
        plate = probe(sequence.path)
        sequence.file(5).unlink()
        with decode.open_plate(plate) as reader:
            with pytest.raises(MediaError, match=r"the picture sh010\.1006\.png is missing") as caught:
                list(reader.read(4, 7))
            with pytest.raises(MediaError, match="is missing"):
                reader.digest(4, 7)
            assert len(list(reader.read(6, 12))) == 6
        assert caught.value.where == str(sequence.file(5))

    def test_the_first_files_may_be_missing(self, numbered):
        sequence = numbered("dpx")
        for n in range(4):
            sequence.file(n).unlink()
        assert probe(sequence.path).frames == 12

    def test_none_of_it_is_there(self, numbered):
        sequence = numbered("dpx")
        for file in sequence.folder.iterdir():
            file.unlink()
        with pytest.raises(MediaError, match="no file of the image sequence is there"):
            probe(sequence.path)

    def test_a_picture_of_another_size(self, numbered):
        sequence = numbered("png")
        plate = probe(sequence.path)
        numbered("png", np.zeros((1, 20, 64, 3)), first=1003, folder=sequence.folder)
        with (
            decode.open_plate(plate) as reader,
            pytest.raises(MediaError, match=r"1003\.png has another size"),
        ):
            list(reader.read(0, 12))

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_damaged_picture(self, numbered, kind):
        sequence = numbered(kind)
        plate = probe(sequence.path)
        file = sequence.file(2)
        os.truncate(file, file.stat().st_size // 2)
        with (
            decode.open_plate(plate) as reader,
            pytest.raises(MediaError, match=r"sh010\.1003\.\w+ is damaged"),
        ):
            list(reader.read(2, 3))

    def test_a_file_of_another_kind_than_its_ending_says(self, numbered):
        sequence = numbered("png")
        sequence.file(0).rename(sequence.folder / "sh010.1001.dpx")
        with pytest.raises(MediaError, match=r"is called \.dpx and holds png"):
            probe(sequence.folder / "sh010.[1001-1012].dpx")

    @pytest.mark.parametrize("channels", [("Y",), ("diffuse.R", "diffuse.G", "diffuse.B")])
    def test_channels_that_are_no_picture(self, numbered, channels):
        with pytest.raises(Unsupported, match="channels"):
            probe(numbered("exr", np.zeros((1, 48, 64, len(channels))), channels=channels).path)

    def test_lossy_files_are_not_read(self, tmp_path):
        with pytest.raises(Unsupported, match=r"sequences of \.jpg are not read"):
            probe(tmp_path / "a.[0001-0010].jpg")

    def test_a_name_that_no_disk_takes_is_not_there(self, tmp_path):
        with pytest.raises(MediaError, match="no file of the image sequence is there"):
            probe(tmp_path / f"{'x' * 300}.[0001-0010].png")

    def test_a_pipe_is_no_picture(self, numbered):
        sequence = numbered("png")
        sequence.file(0).unlink()
        os.mkfifo(sequence.file(0))
        with pytest.raises(MediaError, match="not a regular file"):
            probe(sequence.path)

    def test_the_digest_follows_what_is_in_the_range(self, numbered):
        sequence = numbered("dpx")
        plate = probe(sequence.path)

        def digest(start, stop):
            with decode.open_plate(plate) as reader:
                return reader.digest(start, stop)

        inside, outside = digest(2, 6), digest(6, 9)
        numbered("dpx", np.zeros((1, 48, 64, 3)), first=1004, folder=sequence.folder)
        assert digest(2, 6) != inside
        assert digest(6, 9) == outside

    def test_a_data_window_within_the_display_window(self, numbered, tmp_path):
        spec = oiio.ImageSpec(20, 10, 3, "half")
        spec.x, spec.y, spec.full_x, spec.full_y = 105, 52, 100, 50
        spec.full_width, spec.full_height = 64, 48
        path = tmp_path / "a.0001.exr"
        out = oiio.ImageOutput.create(str(path))
        assert out.open(str(path), spec)
        out.write_image(np.full((10, 20, 3), 0.5, np.float16))
        out.close()
        plate = probe(tmp_path / "a.[0001-0001].exr")
        assert (plate.width, plate.height) == (64, 48)
        with decode.open_plate(plate) as reader:
            (picture,) = reader.read(0, 1)
        inside = picture.planes[0] > 5000
        assert (inside.sum(), inside[2:12, 5:25].all(), int(picture.planes[0][0, 0])) == (200, True, 4096)
        # Outside of it there is nothing to paint on.
        made = painting.painted(still.read(path)[0], Planes((inside * 9999 + 4096,) * 3, "gbrp16le"), path)
        assert made.samples.shape == (10, 20, 3)


class TestTake:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_sample_that_did_not_change_is_the_plates(self, numbered, tmp_path, kind):
        sequence = numbered(kind)
        plate = probe(sequence.path)
        take = taken(plate, FrameRange(2, 6, RATE), lightened, tmp_path)
        assert (take.first, take.last, take.suffix) == (1003, 1006, f".{kind}")
        for n in range(len(take)):
            (new, _), (old, _) = samples_of(take.file(n)), samples_of(sequence.file(n + 2))
            outside = new != old
            assert outside[:8, :8, 1].mean() > 0.9
            outside[:8, :8, 1] = False
            assert not outside.any()

    def test_a_take_is_named_by_number_and_ending_alone(self, tmp_path):
        plate = replace(PLATE, path=tmp_path / "sh010.[0998-1012]_left.exr")
        name = Images().name("take", plate, FrameRange(1, 4, RATE))
        assert name == "take/take.[0999-1001].exr"

    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_changed_is_the_plate_again(self, numbered, tmp_path, kind):
        sequence = numbered(kind)
        take = taken(probe(sequence.path), FrameRange(0, 2, RATE), lambda same: same, tmp_path)
        for n in range(2):
            assert np.array_equal(samples_of(take.file(n))[0], samples_of(sequence.file(n))[0])

    @given(pixels=arrays(np.float16, (4, 6, 5)))
    def test_light_of_any_kind_comes_through(self, pixels, tmp_path_factory):
        """Also what is no number, without end or below black, and channels that are no colour."""
        spec = oiio.ImageSpec(6, 4, 5, "half")
        spec.channelnames = ("R", "G", "B", "A", "Z")
        one = still.Still(spec, pixels)
        path = tmp_path_factory.mktemp("light") / "a.1.exr"
        new = lightened(painting.planes(one, path))
        writing.write(path, [painting.painted(one, new, path)], {}, path)
        back = still.read(path, whole=True)[0].samples
        changed = new.planes[0] != painting.planes(one, path).planes[0]
        assert np.array_equal(back[..., 1][~changed], pixels[..., 1][~changed], equal_nan=True)
        assert np.array_equal(back[..., [0, 2, 3, 4]], pixels[..., [0, 2, 3, 4]], equal_nan=True)

    def test_headers_and_other_channels_stay(self, numbered, tmp_path):
        channels = ("R", "G", "B", "A", "Z", "crypto.R")
        header = {"owner": "studio", "compression": "zips", "PixelAspectRatio": 2.0, "capDate": "today"}
        sequence = numbered("exr", channels=channels, **header)
        plate = probe(sequence.path)
        assert plate.pixel_aspect == 2
        take = taken(plate, FrameRange(0, 1, RATE), lightened, tmp_path, {"comment": "synthetic"})
        (new, told), (old, before) = samples_of(take.file(0)), samples_of(sequence.file(0))
        assert np.array_equal(new[..., 3:], old[..., 3:])
        assert before.items() <= {**told, "Software": before.get("Software")}.items()
        assert told["Software"] == "synthetic"

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_file_says_that_it_is_synthetic(self, numbered, tmp_path, kind):
        labels = {"comment": "Synthetic media", "w2l_studio": "{}"}
        take = taken(probe(numbered(kind).path), FrameRange(0, 2, RATE), lightened, tmp_path, labels)
        told = [samples_of(take.file(n))[1] for n in range(2)]
        assert [one["Software"] for one in told] == ["Synthetic media"] * 2
        assert [one.get("w2l_studio") for one in told] == (
            ["{}"] * 2 if kind in ("exr", "png") else [None] * 2
        )

    @pytest.mark.parametrize(("endian", "magic"), [("big", b"SDPX"), ("little", b"XPDS")])
    def test_a_dpx_keeps_the_order_of_its_bytes_and_tells_its_own_name(
        self, numbered, tmp_path, endian, magic
    ):
        plate = probe(numbered("dpx", **{"oiio:Endian": endian}).path)
        take = taken(plate, FrameRange(0, 1, RATE), lightened, tmp_path)
        header = take.file(0).read_bytes()[:136]
        assert header[:4] == magic
        assert header[36:].rstrip(b"\0") == take.file(0).name.encode()

    def test_lossy_compression_becomes_lossless(self, numbered, tmp_path):
        sequence = numbered("exr", compression="dwaa")
        take = taken(probe(sequence.path), FrameRange(0, 2, RATE), lightened, tmp_path)
        (new, told), (old, _) = samples_of(take.file(1)), samples_of(sequence.file(1))
        assert told["compression"] == "zip"
        assert np.array_equal(new[8:], old[8:])

    def test_half_colour_beside_a_float_depth_is_drawn_as_half(self, tmp_path):
        samples = np.random.default_rng(3).random((48, 64, 4)).astype(np.float32)
        formats = ("half", "half", "half", "float")
        sequence = file_of(tmp_path / "a.1.exr", samples, "float", "RGBZ", formats)
        take = taken(probe(sequence.path), FrameRange(0, 1, RATE), lightened, tmp_path)
        (new,), (old,) = (still.read(one.file(0), whole=True) for one in (take, sequence))
        assert [str(one) for one in new.spec.channelformats] == list(formats)
        assert np.array_equal(new.samples[..., 3], samples[..., 3])
        assert (new.samples != old.samples).any(2).sum() == 64

    @pytest.mark.parametrize("bits", [10, 12, 14])
    def test_a_tiff_of_fewer_bits_keeps_its_codes(self, tmp_path, bits):
        samples = np.random.default_rng(3).integers(0, 1 << 16, (48, 64, 3), np.uint16)
        sequence = file_of(tmp_path / "a.1.tif", samples, "uint16", **{"oiio:BitsPerSample": bits})
        take = taken(probe(sequence.path), FrameRange(0, 1, RATE), lightened, tmp_path)
        (new,), (old,) = (still.read(one.file(0), whole=True) for one in (take, sequence))
        assert new.bits == bits
        assert (new.samples != old.samples)[8:].sum() == 0
        assert (new.samples != old.samples)[:8, :8, 1].sum() > 50

    def test_a_tiff_of_half_floats_stays_one(self, tmp_path):
        samples = np.random.default_rng(3).random((48, 64, 3)).astype(np.float16)
        sequence = file_of(tmp_path / "a.1.tif", samples, "half", **{"tiff:half": 1})
        take = taken(probe(sequence.path), FrameRange(0, 1, RATE), lightened, tmp_path)
        new, _ = samples_of(take.file(0))
        assert new.dtype == np.float16
        assert (new != samples).sum() == 64

    def test_every_part_of_a_file_stays(self, tmp_path):
        path = tmp_path / "a.1.exr"
        specs = []
        for name, channels in (("beauty", ("R", "G", "B")), ("depth", ("Z",))):
            spec = oiio.ImageSpec(64, 48, len(channels), "half" if name == "beauty" else "float")
            spec.channelnames = channels
            spec.attribute("name", name)
            specs.append(spec)
        out = oiio.ImageOutput.create(str(path))
        assert out.open(str(path), tuple(specs))
        out.write_image(np.full((48, 64, 3), 0.25, np.float16))
        assert out.open(str(path), specs[1], "AppendSubimage")
        out.write_image(np.linspace(0, 9, 48 * 64, dtype=np.float32).reshape(48, 64, 1))
        out.close()
        sequence = sequence_of(tmp_path / "a.[1-1].exr")
        take = taken(probe(sequence.path), FrameRange(0, 1, RATE), lightened, tmp_path)
        old, new = (still.read(one.file(0), whole=True) for one in (sequence, take))
        assert [one.spec.get_string_attribute("oiio:subimagename") for one in new] == ["beauty", "depth"]
        assert np.array_equal(new[1].samples, old[1].samples)
        assert (new[0].samples != old[0].samples).sum() == 64

    def test_a_part_that_cannot_be_written_is_told_before_the_work(self, tmp_path):
        path = tmp_path / "a.1.exr"
        specs = [oiio.ImageSpec(8, 8, 3, "half"), oiio.ImageSpec(8, 8, 1, "uint")]
        specs[1].channelnames = ("id",)
        for spec, name in zip(specs, ("beauty", "id"), strict=True):
            spec.attribute("name", name)
        out = oiio.ImageOutput.create(str(path))
        assert out.open(str(path), tuple(specs))
        out.write_image(np.zeros((8, 8, 3), np.float16))
        assert out.open(str(path), specs[1], "AppendSubimage")
        out.write_image(np.zeros((8, 8, 1), np.uint32))
        out.close()
        with pytest.raises(Unsupported, match="samples of the type uint"):
            probe(tmp_path / "a.[1-1].exr")

    def test_a_tiff_in_cmyk_is_not_dubbed(self, numbered):
        sequence = numbered("tif", **{"tiff:ColorSpace": "CMYK"})
        with pytest.raises(Unsupported, match="pictures in CMYK are not dubbed"):
            probe(sequence.path)

    def test_a_dpx_of_colour_differences_is_not_dubbed(self, numbered):
        sequence = numbered("dpx")
        data = bytearray(sequence.file(0).read_bytes())
        # SMPTE 268M: the first element's descriptor, here CbYCr.
        data[800] = 102
        sequence.file(0).write_bytes(data)
        with pytest.raises(Unsupported, match="pictures in CbYCr are not dubbed"):
            probe(sequence.path)

    def test_mip_levels_are_not_dubbed(self, tmp_path):
        picture = oiio.ImageBuf(oiio.ImageSpec(64, 64, 3, "half"))
        assert oiio.ImageBufAlgo.make_texture(oiio.MakeTxTexture, picture, str(tmp_path / "a.1.exr"))
        with pytest.raises(Unsupported, match="mip levels"):
            probe(tmp_path / "a.[1-1].exr")

    def test_only_colour_is_read_of_a_picture_that_is_looked_at(self, numbered):
        """Renders carry dozens of channels; those before and behind the colour stay on the disk."""
        channels = ("A", "B", "G", "R", "Z", "crypto.R", "depth.Z")
        sequence = numbered("exr", channels=channels)
        (whole,), (colour,) = (still.read(sequence.file(0), whole=every) for every in (True, False))
        assert (whole.samples.shape[2], colour.samples.shape[2]) == (7, 3)
        seen = [painting.planes(one, sequence.file(0)).planes for one in (whole, colour)]
        assert all(np.array_equal(one, other) for one, other in zip(*seen, strict=True))

    def test_alpha_that_is_not_multiplied_in_stays_so(self, numbered, tmp_path):
        sequence = numbered("png", channels=("R", "G", "B", "A"))
        take = taken(probe(sequence.path), FrameRange(0, 1, RATE), lambda same: same, tmp_path)
        old, new = (still.read(one.file(0), whole=True)[0].samples for one in (sequence, take))
        assert np.array_equal(old, new)

    def test_what_does_not_read_as_it_was_written_is_refused(self, numbered, tmp_path, monkeypatch):
        plate = probe(numbered("png").path)
        monkeypatch.setattr(oiio.ImageOutput, "write_image", write_other(oiio.ImageOutput.write_image))
        with pytest.raises(Unsupported, match="PNG of this kind is not written as it was read"):
            taken(plate, FrameRange(0, 1, RATE), lightened, tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("width", [63, 64])
    def test_dpx_whose_rows_end_within_a_word_are_not_dubbed(self, numbered, width):
        sequence = numbered("dpx", np.zeros((1, 48, width, 4)), channels=("R", "G", "B", "A"))
        if width == 63:
            assert probe(sequence.path).width == 63
            return
        with pytest.raises(Unsupported, match="DPX of 10 bits with alpha"):
            probe(sequence.path)

    @pytest.mark.parametrize(("kind", "form"), [("dpx", "gbrp10le"), ("tif", "rgb48le"), ("png", "rgb24")])
    def test_ffmpeg_sees_in_a_take_what_we_do(self, numbered, tmp_path, kind, form):
        plate = probe(numbered(kind).path)
        take = taken(plate, FrameRange(0, 1, RATE), lightened, tmp_path)
        with av.open(str(take.file(0))) as container:
            (frame,) = container.decode(video=0)
            seen = frame.to_ndarray(format=form)
        samples, _ = samples_of(take.file(0))
        assert np.array_equal(seen, samples >> 6 if kind == "dpx" else samples)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(("free", "told"), [(0, "the disk is full"), (1 << 40, "cannot be written")])
    def test_a_full_disk(self, numbered, tmp_path, monkeypatch, kind, free, told):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        resource = pytest.importorskip("resource", reason="needs a system with limits of file sizes")
        plate = probe(numbered(kind).path)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
        try:
            with pytest.raises(OutputError, match=told):
                taken(plate, FrameRange(0, 2, RATE), lightened, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list(tmp_path.iterdir()) == []


def test_a_name_that_stands_for_no_sequence_is_a_file(tmp_path):
    for name in (
        "a.exr",
        "a.[1-3].mov",
        "a.[3-1].exr",
        "a.[x-y].exr",
        "[1-3]",
        f"[1-{'9' * 5000}].exr",
        "[1-2].##.exr",
    ):
        assert sequence_of(tmp_path / name) is None


@given(
    some.integers(0, 10**7),
    some.integers(1, 500),
    some.integers(1, 8),
    some.sampled_from(["", "a.", "[1-2]_"]),
)
def test_a_sequences_path_stands_for_it(first, count, digits, prefix):
    from w2l_studio.terms import ImageSequence

    # Shorter than its first number it would not be written.
    digits = max(digits, len(str(first))) if digits > 1 else len(str(first))
    one = ImageSequence(Path("/x"), prefix, first, first + count - 1, digits, ".exr")
    assert sequence_of(one.path) == one
