import json

import pytest

from w2l_studio.edit import sanitise, timeline
from w2l_studio.errors import EditError

VENDOR = {
    "OTIO_SCHEMA": "VendorGlow.7",
    "name": "glow",
    "amount": 3.5,
    "nested": [{"OTIO_SCHEMA": "VendorKey.2"}],
}


def document(build, tmp_path):
    edit = build.edit(tmp_path, build.track(build.clip(10, 20, 25), build.clip(40, 20, 25)))
    return build.json(edit.otio)


def read(tmp_path, value, *, raw=None):
    path = tmp_path / "in.otio"
    path.write_bytes(raw if raw is not None else json.dumps(value).encode())
    return timeline.read(path)


def first_clip(value):
    return value["tracks"]["children"][0]["children"][0]


@pytest.mark.parametrize(
    ("place", "thing"),
    [
        (lambda value: first_clip(value)["effects"], VENDOR),
        (lambda value: first_clip(value)["markers"], VENDOR),
        (lambda value: value["tracks"]["markers"], {**VENDOR, "OTIO_SCHEMA": "VendorMark.1"}),
    ],
)
def test_unknown_schemas_survive_a_round_trip(build, tmp_path, place, thing):
    value = document(build, tmp_path)
    place(value).append(thing)
    edit = read(tmp_path, value)
    timeline.write(edit.otio, tmp_path / "out.otio")
    assert json.loads((tmp_path / "out.otio").read_text()) == value


def test_an_unknown_child_keeps_its_length_and_place(build, tmp_path):
    value = document(build, tmp_path)
    length = first_clip(value)["source_range"]
    thing = {**VENDOR, "OTIO_SCHEMA": "VendorTitle.1", "source_range": length}
    value["tracks"]["children"][0]["children"].insert(0, thing)
    edit = read(tmp_path, value)
    assert [clip.record.start for clip in edit.clips] == [20, 40]
    timeline.write(edit.otio, tmp_path / "out.otio")
    assert json.loads((tmp_path / "out.otio").read_text()) == value


def test_an_unknown_media_reference_is_missing_media_and_comes_back(build, tmp_path):
    value = document(build, tmp_path)
    first_clip(value)["media_references"]["DEFAULT_MEDIA"] = {**VENDOR, "OTIO_SCHEMA": "VendorMedia.1"}
    edit = read(tmp_path, value)
    assert edit.clips[0].media is None
    timeline.write(edit.otio, tmp_path / "out.otio")
    assert json.loads((tmp_path / "out.otio").read_text()) == value


def test_unknown_schemas_in_metadata_are_left_alone(build, tmp_path):
    value = document(build, tmp_path)
    value["metadata"]["vendor"] = {"effects": [VENDOR]}
    assert json.loads(sanitise.clean(json.dumps(value).encode(), "x")) == value


def test_a_schema_that_is_too_new_is_named(build, tmp_path):
    value = document(build, tmp_path)
    first_clip(value)["OTIO_SCHEMA"] = "Clip.9"
    with pytest.raises(EditError, match=r"in\.otio: is written in Clip\.9.*up to Clip\.2"):
        read(tmp_path, value)


@pytest.mark.parametrize("rate", [0, -24, 0.0])
def test_a_rate_that_is_not_positive_is_refused(build, tmp_path, rate):
    value = document(build, tmp_path)
    first_clip(value)["source_range"]["duration"]["rate"] = rate
    with pytest.raises(EditError, match="frames per second"):
        read(tmp_path, value)


def held(value, rate=25):
    return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate}


@pytest.mark.parametrize(
    ("value", "rate", "said"),
    [
        (10**400, 25, "a time of 1000"),
        (1e300, 25, r"a time of 1e\+300 at 25"),
        (-3e10, 25, "a time of -30000000000.0 at 25"),
        (5, 1e-9, "a time of 5 at 1e-09"),
        (5, 1e300, r"a time of 5 at 1e\+300"),
        (float("nan"), 25, "a time of nan"),
        (None, 25, "a time of None"),
    ],
)
@pytest.mark.parametrize("place", ["clip", "marker", "unknown"])
def test_times_that_nobody_can_mean_are_refused_by_their_clip(build, tmp_path, place, value, rate, said):
    document_ = document(build, tmp_path)
    clip = first_clip(document_)
    span = {"OTIO_SCHEMA": "TimeRange.1", "start_time": held(0), "duration": held(value, rate)}
    if place == "clip":
        clip["source_range"] = span
    elif place == "marker":
        clip["markers"].append({"OTIO_SCHEMA": "Marker.2", "name": "w2l", "marked_range": span})
    else:
        clip["markers"].append({"OTIO_SCHEMA": "VendorMark.1", "marked_range": span})
    with pytest.raises(EditError, match=rf"in\.otio: clip 'c': holds {said}"):
        read(tmp_path, document_)


@pytest.mark.parametrize("speed", ["Inf", "-Inf", "NaN", "1e308"])
def test_a_speed_that_nobody_can_mean_is_refused_by_its_clip(build, tmp_path, speed):
    value = document(build, tmp_path)
    warp = {"OTIO_SCHEMA": "LinearTimeWarp.1", "name": "", "effect_name": "", "time_scalar": "PLACE"}
    first_clip(value)["effects"].append(warp)
    with pytest.raises(EditError, match=r"in\.otio: clip 'c': plays (inf|-inf|nan|1e\+308) times as fast"):
        read(tmp_path, None, raw=json.dumps(value).replace('"PLACE"', speed).encode())


def test_byte_order_mark_is_accepted(build, tmp_path):
    text = json.dumps(document(build, tmp_path)).encode("utf-8-sig")
    assert len(read(tmp_path, None, raw=text).clips) == 2


def test_inf_is_read_as_otio_reads_it_and_text_is_left_alone(build, tmp_path):
    value = document(build, tmp_path)
    value["name"] = 'Inf, "Inf"'
    value["metadata"]["gain"] = "PLACE"
    edit = read(tmp_path, None, raw=json.dumps(value).replace('"PLACE"', "-Inf").encode())
    assert edit.otio.name == 'Inf, "Inf"'
    assert edit.otio.metadata["gain"] == float("-inf")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"[]", "holds no timeline but list"),
        (b'"text"', "holds no timeline but str"),
        (b'{"OTIO_SCHEMA": "Clip.2"}', "holds no timeline but Clip.2"),
        (b"{}", "no schema"),
        (b"\xff\xfe\x00", "not readable"),
        (b"{", "not readable"),
        (b'{"OTIO_SCHEMA": "Timeline.1", "name": "x", "tracks": null}', "no tracks"),
        (b'{"OTIO_SCHEMA": "Timeline.1", "name": 5, "tracks": 3}', "not readable"),
        (b"[" * 100_000, "not readable"),
    ],
)
def test_what_is_no_timeline_is_told_in_a_sentence(tmp_path, raw, said):
    with pytest.raises(EditError, match=said) as caught:
        read(tmp_path, None, raw=raw)
    assert caught.value.where == "in.otio"
