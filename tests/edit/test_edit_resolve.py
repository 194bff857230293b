"""The edit that Resolve imports: the dub is its default media, by bare path."""

from pathlib import Path

import opentimelineio as otio

from w2l_studio.edit import resolve

schema = otio.schema


def span(start, frames):
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, 24), time(frames, 24))


def patched():
    timeline = schema.Timeline("Szene 1", metadata={"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}})
    video = schema.Track("Video 1", kind="Video", metadata={"Resolve_OTIO": {"Locked": False}})
    own = {"DEFAULT_MEDIA": schema.ExternalReference("/media/a b.mov", span(0, 50))}
    dub = {"w2l_fr": schema.ExternalReference("media/a%20b.fr.mov", span(0, 40))}
    other = {"w2l_de": schema.ExternalReference("D:\\media\\a.mov", span(0, 40))}
    for references, active in (({**own, **dub, **other}, "w2l_fr"), (own, "DEFAULT_MEDIA")):
        clip = schema.Clip("a", source_range=span(5, 20))
        clip.set_media_references({key: media.deepcopy() for key, media in references.items()}, active)
        video.append(clip)
    video.append(schema.Clip("title", schema.GeneratorReference("title"), span(0, 10)))
    stem = schema.Track("W2L fr ANNA", kind="Audio")
    stem.append(
        schema.Clip("s", schema.ExternalReference("file:///st%20ems/fr.wav", span(0, 50)), span(0, 50))
    )
    timeline.tracks.extend([video, stem])
    return timeline


def test_the_dub_is_the_default_media_by_bare_path():
    before = patched()
    text = before.to_json_string()
    after = resolve.importable(before, "fr", Path("/out"))
    assert before.to_json_string() == text
    assert resolve.wrote(after)
    assert not resolve.wrote(schema.Timeline("of another host"))
    assert after.name == "Szene 1 W2L fr"
    dubbed, plain, _ = after.video_tracks()[0].find_clips()
    assert {key: media.target_url for key, media in dubbed.media_references().items()} == {
        "DEFAULT_MEDIA": "/out/media/a b.fr.mov",
        "w2l_original": "/media/a b.mov",
        "w2l_de": "D:\\media\\a.mov",
    }
    assert dubbed.active_media_reference_key == "DEFAULT_MEDIA"
    assert dubbed.source_range == span(5, 20)
    assert list(plain.media_references()) == ["DEFAULT_MEDIA"]
    (sound,) = after.audio_tracks()
    assert sound.name == "Audio 1"
    assert next(iter(sound.find_clips())).media_reference.target_url == "/st ems/fr.wav"
