"""What a file says of itself: tags, aspect, rotation, interlacing, timecode, reel, sound."""

from __future__ import annotations

import pathlib
import shutil
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from w2l_studio.errors import MediaError, StudioError, Unsupported
from w2l_studio.media.probe import probe
from w2l_studio.media.quicktime import TimecodeTrack, timecode_track
from w2l_studio.terms import ColourTags

SHARED = pathlib.Path(__file__).resolve().parents[3] / "shared"
needs_shared = pytest.mark.skipif(not (SHARED / "media").exists(), reason="needs the shared folder (media)")

PRORES = {"codec": "prores_ks", "pix_fmt": "yuv422p10le", "frames": 3}


@pytest.mark.parametrize(
    ("name", "how", "tags"),
    [
        ("a.mp4", {}, (1, 1, 1, 1)),
        ("a.mp4", {}, (9, 16, 9, 2)),
        ("a.mp4", {}, (5, 6, 5, 1)),
        ("a.mp4", {}, (2, 2, 2, 0)),
        ("a.mkv", {}, (9, 18, 9, 1)),
        ("a.mov", PRORES, (1, 1, 1, 1)),
        ("a.mov", PRORES, (2, 2, 2, 1)),
    ],
)
def test_colour_tags_as_the_stream_carries_them(name, how, tags, film):
    assert probe(film(name, tags=tags, **how)).tags == ColourTags(*tags)


def test_size_depth_and_codec(film):
    plate = probe(film("a.mov", **PRORES, size=(320, 176)))
    assert (plate.width, plate.height, plate.bits, plate.codec) == (320, 176, 10, "prores")
    assert (plate.pix_fmt, plate.has_audio, plate.field_order) == ("yuv422p10le", False, None)


def test_bits_come_from_the_decoded_picture(film):
    """FFmpeg decodes ProRes 4444 with 12 bits, whatever was put in."""
    how = {"codec": "prores_ks", "pix_fmt": "yuv444p10le", "options": {"profile": "4"}, "frames": 2}
    assert probe(film("a.mov", **how)).bits == 12


def test_pixel_aspect(film):
    assert probe(film("a.mp4", sample_aspect_ratio=Fraction(4, 3))).pixel_aspect == Fraction(4, 3)
    assert probe(film("b.mp4")).pixel_aspect == 1


def test_nothing_is_asked_of_a_file_that_is_closed(film):
    """FFmpeg's memory is garbage then, now and then: each of 40 looks says the same."""
    path = film(sample_aspect_ratio=Fraction(4, 3))
    assert len({probe(path) for _ in range(40)}) == 1


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_rotation_as_ffmpeg_tells_it(degrees, film):
    assert (probe(film("a.mp4", rotation=degrees)).rotation - degrees) % 360 == 0


def test_mirrored_picture_is_refused(film):
    path = film("a.mov", **PRORES, rotation=90)
    octets = path.read_bytes()
    turned = struct.pack(">9i", 0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30)
    mirrored = struct.pack(">9i", 0, 65536, 0, 65536, 0, 0, 0, 0, 1 << 30)
    found = [m for m in (turned, struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)) if m in octets]
    assert found, "the muxer wrote no rotation"
    path.write_bytes(octets.replace(found[0], mirrored))
    with pytest.raises(Unsupported, match="mirror"):
        probe(path)


def test_interlaced_is_told(film):
    """The encoder says bottom first of pictures of which nothing was told."""
    assert probe(film("a.mp4", options={"flags": "+ildct+ilme", "qp": "10"})).field_order == "bottom"
    assert probe(film("b.mp4")).field_order is None


@pytest.mark.parametrize(
    ("name", "rate", "written", "read"),
    [
        ("a.mov", Fraction(25), "01:00:00:00", "01:00:00:00"),
        ("a.mov", Fraction(30000, 1001), "01:00:00;02", "01:00:00;02"),
        ("a.mov", Fraction(60000, 1001), "00:59:59;58", "00:59:59;58"),
        ("a.mp4", Fraction(24000, 1001), "10:11:12:13", "10:11:12:13"),
        ("a.mkv", Fraction(24), "10:11:12:13", "10:11:12:13"),
        ("a.mkv", Fraction(25), "10:11:12;13", "10:11:12:13"),
        ("a.mkv", Fraction(30000, 1001), "10:11:12.13", "10:11:12;13"),
        ("a.mkv", Fraction(25), "noon", None),
        ("a.mkv", Fraction(25), "10:11:12:77", None),
    ],
)
def test_timecode(name, rate, written, read, film):
    how = PRORES if name == "a.mov" else {"frames": 5}
    assert probe(film(name, rate=rate, metadata={"timecode": written}, **how)).timecode == read


def _patched(path, found, at, *numbers):
    """Write 32-bit numbers behind the last place of an atom's name."""
    octets = bytearray(path.read_bytes())
    place = octets.rindex(found) + at
    octets[place : place + 4 * len(numbers)] = struct.pack(f">{len(numbers)}I", *numbers)
    path.write_bytes(bytes(octets))


def test_timecode_that_counts_every_second_picture(film):
    path = film("a.mov", **PRORES | {"frames": 4}, rate=Fraction(50), metadata={"timecode": "01:00:00:10"})
    assert timecode_track(path) == TimecodeTrack(Fraction(50), Fraction(0))
    # 180 010 numbers of 25 a second: FFmpeg knows that they are half as many as the frames of this track.
    _patched(path, b"tmcd", 28, 25 << 24)
    assert probe(path).timecode == "02:00:00:20"
    # It does not know where the track has half as many frames as there are pictures.
    _patched(path, b"tmcd", 20, 25, 1)
    assert timecode_track(path) == TimecodeTrack(Fraction(25), Fraction(0))
    assert probe(path).timecode == "02:00:00:20"


def test_timecode_of_a_file_that_hides_its_first_pictures(film):
    path = film("a.mov", **PRORES | {"frames": 4}, rate=Fraction(25), metadata={"timecode": "01:00:00:10"})
    octets = path.read_bytes()
    (units,) = struct.unpack_from(">I", octets, octets.rindex(b"mdhd") + 16)
    _patched(path, b"elst", 16, 6 * units // 25)
    assert timecode_track(path) == TimecodeTrack(Fraction(25), Fraction(6, 25))
    assert probe(path).timecode == "01:00:00:16"


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_a_file_without_a_timecode_track_has_none(name, film):
    assert timecode_track(film(name, frames=5)) is None


def test_a_damaged_timecode_track_is_none_or_some_but_no_error(film):
    path = film("a.mov", **PRORES | {"frames": 2}, metadata={"timecode": "01:00:00:00"})
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(whole.rindex(b"moov"), len(whole), 200):
        path.write_bytes(whole[:place] + random.bytes(1) + whole[place + 1 :])
        found = timecode_track(path)
        assert found is None or (found.rate > 0 and found.hidden_s >= 0)


@pytest.mark.parametrize(
    ("codec", "pix_fmt"), [("cfhd", "yuv422p10le"), ("r210", "gbrp10le"), ("magicyuv", "yuv422p")]
)
def test_fields_that_only_the_container_tells_of(codec, pix_fmt, tmp_path):
    """Their decoders say nothing of them."""
    path = tmp_path / "a.mov"
    for fields, told in ((None, None), ("tt", "top"), ("bb", "bottom"), ("bt", "top"), ("tb", "bottom")):
        how = {"field_order": fields} if fields else {}
        with av.open(str(path), "w") as film:
            stream = film.add_stream(codec, rate=25, options=how)
            stream.width, stream.height, stream.pix_fmt = 64, 64, pix_fmt
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            for n in range(3):
                frame = picture.reformat(format=pix_fmt)
                frame.pts = n
                film.mux(stream.encode(frame))
            film.mux(stream.encode(None))
        assert probe(path).field_order == told


def test_reel_stands_in_the_timecode_track(film):
    path = film("a.mov", **PRORES, metadata={"timecode": "01:00:00:00", "reel_name": "A001C002"})
    assert probe(path).reel == "A001C002"


def test_sound_is_noticed(tmp_path, film):
    assert probe(_with_sound(film("silent.mp4"), tmp_path / "a.mov")).has_audio


def _with_sound(source, target):
    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        stream = read.streams.video[0]
        copy = write.add_stream_from_template(stream)
        sound = write.add_stream("pcm_s16le", rate=48000)
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                write.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 48000, 0
        write.mux(sound.encode(frame))
        write.mux(sound.encode(None))
    return target


@pytest.mark.parametrize(
    "name", ["http:x %03d.mp4", "Käse & Brot (1).mp4", "-y.mp4", "concat:a|b.mp4", "日本.mp4"]
)
def test_any_name_is_a_file_name(name, film, tmp_path, monkeypatch):
    shutil.copy(film(frames=5), tmp_path / name)
    assert probe(tmp_path / name).frames == 5
    monkeypatch.chdir(tmp_path)
    assert probe(pathlib.Path(name)).frames == 5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/x.ts\n"),
        ("list.txt", "ffconcat version 1.0\nfile a.mp4\n"),
        ("list.mov", "ffconcat version 1.0\nfile '{}'\n"),
        ("x.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"),
        ("x.mp4", "this is text"),
    ],
)
def test_playlists_and_text_are_refused(name, text, film, tmp_path, monkeypatch):
    """What a file says must never make FFmpeg open another one, or a socket."""
    import socket

    def never(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", never)
    path = tmp_path / name
    path.write_text(text.format(film("a.mp4")))
    with pytest.raises(MediaError, match=f"{name}: this is no media file that can be read"):
        probe(path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x" * 300, "cannot be reached"),
        ("film.mov/below.mov", "the file does not exist"),
    ],
)
def test_a_path_that_leads_nowhere_is_said_in_a_sentence(name, told, tmp_path):
    (tmp_path / "film.mov").write_bytes(b"x")
    with pytest.raises(MediaError, match=told):
        probe(tmp_path / name)


def test_what_is_no_file_is_said_in_a_sentence(tmp_path):
    with pytest.raises(MediaError, match=r"gone\.mov: the file does not exist"):
        probe(tmp_path / "gone.mov")
    with pytest.raises(MediaError, match="this is a folder"):
        probe(tmp_path)
    (tmp_path / "empty.mov").touch()
    with pytest.raises(MediaError, match="the file is empty"):
        probe(tmp_path / "empty.mov")


def test_locked_file_is_said_in_a_sentence(film, monkeypatch):
    path = film()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(MediaError, match="may not be read"):
        probe(path)


def test_a_sound_file_is_no_plate(tmp_path):
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 480), np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="holds no picture"):
        probe(path)


def test_damaged_first_picture_is_said(film):
    path = film("a.mov", **PRORES)
    with av.open(str(path)) as container:
        entry = next(iter(container.streams.video[0].index_entries))
        pos, size = entry.pos, entry.size
    with path.open("r+b") as file:
        file.seek(pos)
        file.write(bytes(size))
    with pytest.raises(MediaError, match=r"a\.mov: the first picture does not decode"):
        probe(path)


@needs_shared
@pytest.mark.shared
def test_shared_media_are_what_their_table_says():
    derived = SHARED / "media" / "derived"
    rotated = probe(derived / "phone_rotation_tag.mp4")
    assert (rotated.width, rotated.height, rotated.rotation, rotated.frames) == (960, 540, -90, 100)
    ten = probe(derived / "sintel_10bit_h264.mp4")
    assert (ten.pix_fmt, ten.bits, ten.rate, ten.frames) == ("yuv420p10le", 10, 25, 125)
    assert probe(derived / "sintel_interlaced_tff_25i.mp4").field_order == "top"
    assert probe(derived / "sintel_anamorphic_720x576.mp4").pixel_aspect == Fraction(65, 46)
    # An edit list hides 81 pictures, and the last one follows a dropped frame.
    news = probe(SHARED / "media" / "talking" / "cspan_obama_720p_2997fps.mp4")
    assert (news.rate, news.frames) == (Fraction(30000, 1001), 1840)
    with pytest.raises(Unsupported, match="Conform to a constant rate first"):
        probe(SHARED / "media" / "talking" / "videoretalking_face1_22fps_vfr.mp4")


@needs_shared
@pytest.mark.shared
def test_all_shared_media_count_what_decodes():
    paths = sorted((SHARED / "media" / "derived").glob("*.mp4"))
    assert paths
    for path in paths:
        try:
            plate = probe(path)
        except StudioError as error:
            pytest.fail(str(error))
        with av.open(str(path)) as container:
            assert plate.frames == sum(1 for _ in container.decode(video=0)), path.name
