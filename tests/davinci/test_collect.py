"""What becomes of a finished job on a timeline that has moved on, in every way that Resolve can say no."""

import json
from fractions import Fraction
from pathlib import Path

import fake_resolve
import pytest

RATE, START = 24, 86400


@pytest.fixture
def plate(resolve, films):
    return fake_resolve.FakeMedia(films / "plate.mov", resolve.project.rate)


@pytest.fixture
def item(timeline, plate):
    """A clip of 24 frames from the plate's frame 10 on, ten frames into the timeline."""
    timeline.tracks["video"][0][1].append(fake_resolve.FakeItem(timeline, plate, START + 10, 10, 24))
    return timeline.tracks["video"][0][1][0]


@pytest.fixture
def host(package, resolve):
    return package("host").connect({"resolve": resolve})


@pytest.fixture
def ended(package, host, home, films):
    """Return ``ended(ranges, ...)``: a job of the present timeline that has come to its end."""
    settings, jobs, bridge = (package(name) for name in ("settings", "jobs", "bridge"))

    def make(*ranges, lang="fr", deliver="take", stem_s=0.5, host=host, **told):
        known = settings.Settings(lang=lang, deliver=deliver)
        with host.editing(host.here()), host.originals(jobs.results(known)):
            timeline = host.read()
        folder = jobs.folder(known, timeline)
        folder.mkdir(parents=True, exist_ok=True)
        stem = {
            "file": told.get("stem", str(films / "fr.wav")), "character": told.get("character"),
            "first_sample_s": stem_s,
        }  # fmt: skip
        report = {"ranges": list(ranges), "stems": [stem]}
        (folder / "report.json").write_text(json.dumps(report))
        event = {"v": 1, "kind": bridge.FINISHED, "report": str(folder / "report.json")}
        (folder / "progress.jsonl").write_text(json.dumps(event) + "\n")
        told = {"v": 1, "timeline": timeline.to_json(), "lang": lang, "deliver": deliver}
        (folder / "job.json").write_text(json.dumps(told))

    return make


@pytest.fixture
def entry(films):
    """Return ``entry(...)``: a range of a report; the take holds the plate's frames from 4 on."""

    def make(**changes):
        told = {
            "mark": "0.0#0", "clip": "plate", "record_start": 10, "timecode": "01:00:00:10",
            "media": str(films / "plate.mov"), "take": str(films / "other.mov"),
            "media_start": 10, "take_start": 4, "frames": 24, "synced": 24, "passed": [],
        }  # fmt: skip
        return {**told, **changes}

    return make


def tracks(timeline, kind="video"):
    return [(name, [(i.start, i.shown[1], i.length) for i in items]) for name, items in timeline.tracks[kind]]


def test_a_take_shows_the_frames_that_the_clip_shows(item, entry, ended, resolve, click):
    ended(entry())
    click("collect results", resolve)
    assert [take[1:] for take in item.takes] == [(10, 33), (6, 29)]
    assert item.selected == 2


def no_take(item, timeline, resolve):
    item.refuses_takes = True


def locked(item, timeline, resolve):
    timeline.locked.add(("video", 1))


def retimed(item, timeline, resolve):
    item.span = 48


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(no_take, "did not take it"), (locked, "is locked"), (retimed, "is retimed")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_where_no_take_is_possible_it_lies_on_a_track_above(
    trouble, words, item, entry, ended, timeline, resolve, click
):
    trouble(item, timeline, resolve)
    ended(entry())
    said = click("collect results", resolve)
    assert "1 clips on a track above" in said
    assert item.takes == []
    assert tracks(timeline)[1] == ("W2L fr", [(START + 10, 6, 24)])
    assert words in timeline.marks[10.0]["note"]
    # What is coloured is what we laid; the user's clip stays as it is.
    assert [item.color, *(laid.color for laid in timeline.tracks["video"][1][1])] == ["", "Teal"]
    assert "0 clips on a track above" in click("collect results", resolve)
    assert len(timeline.tracks["video"]) == 2


def test_overlay_can_be_asked_for_and_a_part_lies_above_its_part(
    item, entry, ended, timeline, resolve, click
):
    """A take of a part of the clip holds too little for a take; ranges that touch become one clip."""
    ranges = [
        entry(record_start=15, media_start=15, frames=4, take_start=13),
        entry(record_start=19, media_start=19, frames=6, take_start=13, mark="0.0#1"),
    ]
    ended(*ranges)
    click("collect results", resolve)
    assert tracks(timeline)[1] == ("W2L fr", [(START + 15, 2, 10)])
    ended(entry(), lang="de", deliver="overlay")
    click("collect results", resolve)
    assert tracks(timeline)[2] == ("W2L de", [(START + 10, 6, 24)])
    assert item.takes == []


def test_what_is_in_the_way_stays_and_a_second_track_is_taken(item, entry, ended, timeline, resolve, click):
    ended(entry(), deliver="overlay")
    other = fake_resolve.FakeItem(timeline, item.own[0], START + 20, 0, 8)
    timeline.tracks["video"].append(["W2L fr", [other]])
    click("collect results", resolve)
    assert [name for name, _ in tracks(timeline)] == ["Video 1", "W2L fr", "W2L fr"]
    assert tracks(timeline)[1][1] == [(START + 20, 0, 8)]
    assert tracks(timeline)[2][1] == [(START + 10, 6, 24)]


@pytest.fixture
def titled(item, timeline, plate):
    """A title on track 2, over the clip's first frames; on track 3 something much later."""
    title = fake_resolve.FakeItem(timeline, None, START + 8, 0, 10)
    later = fake_resolve.FakeItem(timeline, plate, START + 400, 0, 10)
    timeline.tracks["video"] += [["Titles", [title]], ["Video 3", [later]]]
    timeline.locked.add(("video", 3))
    return item


def test_a_dub_above_lies_below_the_titles(titled, entry, ended, timeline, resolve, click):
    for lang, stack in (
        ("fr", ["Video 1", "W2L fr", "Titles", "Video 3"]),
        ("de", ["Video 1", "W2L fr", "W2L de", "Titles", "Video 3"]),
    ):
        ended(entry(), lang=lang, deliver="overlay")
        for _ in range(2):
            assert "hides" not in click("collect results", resolve)
            assert [name for name, _ in tracks(timeline)] == stack
        assert tracks(timeline)[stack.index(f"W2L {lang}")][1] == [(START + 10, 6, 24)]
    assert timeline.locked == {("video", 5)}


def test_where_no_track_can_be_put_between_what_is_hidden_is_told(
    titled, entry, ended, timeline, resolve, click
):
    """Before 19.0, or where Resolve does not take the index. Whoever moves the track hears no more of it."""
    resolve.version = [18, 6, 6, 7, ""]
    ended(entry(), deliver="overlay")
    for _ in range(2):
        told = click("collect results", resolve)
        assert "its dub hides what lies on Titles: move the track W2L fr below that" in told
        assert [name for name, _ in tracks(timeline)] == ["Video 1", "Titles", "Video 3", "W2L fr"]
    timeline.tracks["video"].insert(1, timeline.tracks["video"].pop())
    assert "hides" not in click("collect results", resolve)


@pytest.mark.parametrize("old", [True, False])
def test_all_that_hides_titles_shares_one_track_and_is_told_once(
    old, titled, entry, ended, timeline, resolve, click, monkeypatch
):
    """Where no track is put between, since Resolve is older or does not take the index."""
    if old:
        resolve.version = [18, 6, 6, 7, ""]
    else:
        add = timeline.AddTrack
        monkeypatch.setattr(timeline, "AddTrack", lambda kind, how="stereo": add(kind, "stereo"))
    ended(
        entry(record_start=12, media_start=12, frames=2, take_start=12),
        entry(record_start=15, media_start=15, frames=2, take_start=12, mark="0.0#1"),
    )
    told = click("collect results", resolve)
    assert told.count("its dub hides what lies on Titles") == 1
    assert tracks(timeline)[3] == ("W2L fr", [(START + 12, 0, 2), (START + 15, 3, 2)])
    assert len(timeline.tracks["video"]) == 4


def test_an_index_that_resolve_does_not_take_is_no_harm(
    titled, entry, ended, timeline, resolve, click, monkeypatch
):
    add = timeline.AddTrack
    monkeypatch.setattr(timeline, "AddTrack", lambda kind, how="stereo": add(kind, "stereo"))
    ended(entry(), deliver="overlay")
    assert "its dub hides what lies on Titles" in click("collect results", resolve)
    assert [name for name, _ in tracks(timeline)] == ["Video 1", "Titles", "Video 3", "W2L fr"]


def test_a_clip_that_was_moved_and_trimmed_since_is_found(item, entry, ended, timeline, resolve, click):
    ended(entry())
    item.start += 100
    item.own, item.length, item.span = (item.own[0], 12, 31), 20, 20
    click("collect results", resolve)
    assert item.takes[1][1:] == (8, 27)
    assert timeline.marks[110.0]["name"] == "Dubbed (fr)"


def cut(item, at):
    """Cut a clip: the part behind is a clip of its own."""
    items = item.timeline.tracks["video"][0][1]
    media, left, _ = item.shown
    items.append(fake_resolve.FakeItem(item.timeline, media, item.start + at, left + at, item.length - at))
    item.length = item.span = at
    return items[-1]


@pytest.mark.parametrize("first_goes", [False, True])
def test_both_parts_of_a_clip_that_was_cut_since_show_their_frames_of_the_take(
    first_goes, item, entry, ended, timeline, plate, resolve, click, dubs
):
    ended(entry(take=dubs[0]))
    part = cut(item, 10)
    # A copy of a part is no part; neither are other frames of the film.
    items = timeline.tracks["video"][0][1]
    others = [fake_resolve.FakeItem(timeline, plate, START + n, left, 10) for n, left in ((60, 20), (80, 30))]
    items[:0] = others
    if first_goes:
        items.remove(item)
    for count in (2 - first_goes, 0):
        assert f"New: {count} takes" in click("collect results", resolve)
        assert [take[1:] for take in part.takes] == [(20, 33), (16, 29)]
        assert (part.selected, part.color) == (2, "Teal")
        assert first_goes or item.takes[1][1] == 6
        assert [one.takes for one in others] == [[], []]


def test_a_part_that_carries_no_take_is_told_but_where_a_dub_lies_over_it(
    item, entry, ended, timeline, resolve, click, dubs
):
    ended(entry(take=dubs[0]), deliver="overlay")
    click("collect results", resolve)
    part = cut(item, 10)
    assert "cut off" not in click("collect results", resolve)
    timeline.tracks["video"][1][1][0].length = 10
    assert "the part that was cut off it is not dubbed, since overlay was asked for; dub it again" in click(
        "collect results", resolve
    )
    assert (part.takes, tracks(timeline)[1][1]) == ([], [(START + 10, 6, 10)])


def test_another_start_timecode_moves_nothing(item, entry, ended, timeline, resolve, click):
    """Neither what is laid now nor what was: all counts from the timeline's first frame."""
    part = {"record_start": 14, "media_start": 14, "take_start": 12, "frames": 6, "synced": 6}
    ended(entry(**part), deliver="overlay")
    for later in (RATE * 3600 * 9, -RATE * 10):
        timeline.start += later
        for kind in timeline.tracks.values():
            for _, items in kind:
                for one in items:
                    one.start += later
        click("collect results", resolve)
        assert tracks(timeline)[1] == ("W2L fr", [(timeline.start + 14, 2, 6)])
        assert list(timeline.marks) == [14.0]
        assert tracks(timeline, "audio")[1][1][0][0] == timeline.start + 12


def test_a_dub_of_a_retimed_clip_is_told_and_not_laid(item, entry, ended, timeline, resolve, click):
    """At full speed its lips would be off."""
    ended(entry(speed=1.25))
    told = click("collect results", resolve)
    assert "no script lays a dub of a retimed clip; its take is" in told
    assert (item.takes, len(timeline.tracks["video"])) == ([], 1)


@pytest.mark.parametrize("deliver", ["take", "overlay"])
def test_what_was_laid_before_a_clip_was_retimed_goes(
    deliver, item, entry, ended, timeline, resolve, click, dubs
):
    for number, speed in enumerate((1, 1.25)):
        ended(entry(take=dubs[number], speed=speed), deliver=deliver)
        click("collect results", resolve)
    assert item.selected in (0, 1)
    assert [placed for _, placed in tracks(timeline)[1:]] == [[]] * (deliver == "overlay")


def test_a_clip_that_is_gone_is_told(item, entry, ended, timeline, resolve, click):
    ended(entry())
    timeline.tracks["video"][0][1].clear()
    said = click("collect results", resolve)
    assert "01:00:00:10 plate: the clip is no longer in the timeline" in said


def test_other_rates_are_laid_above_and_measured(resolve, timeline, films, entry, ended, click):
    media = fake_resolve.FakeMedia(films / "fast.mov", resolve.project.rate)
    timeline.tracks["video"][0][1].append(fake_resolve.FakeItem(timeline, media, START, 0, 46, span=48))
    ended(entry(media=str(films / "fast.mov"), take=str(films / "fast.mov"), record_start=0, media_start=0,
                take_start=0, frames=48, timecode="01:00:00:00"))  # fmt: skip
    said = click("collect results", resolve)
    assert "is 45 frames long on its track instead of 46" in said
    before = (tracks(timeline), tracks(timeline, "audio"), dict(timeline.marks))
    assert "is 45 frames long on its track instead of 46" in click("collect results", resolve)
    assert (tracks(timeline), tracks(timeline, "audio"), timeline.marks) == before
    assert "runs at 25 frames a second and the timeline at 24" in timeline.marks[0.0]["note"]


@pytest.mark.parametrize(
    ("trimmed", "laid", "marker"),
    [(5, (START + 20, 21, 18), 20.0), (23, (START + 23, 24, 15), 23.0)],
    ids=["before the marked frames", "into them"],
)
def test_a_trimmed_head_moves_no_dub_of_another_rate(
    trimmed, laid, marker, resolve, timeline, films, entry, ended, click
):
    """A trim moves start and left offset alike; what it took away is not laid over the clip before."""
    media = fake_resolve.FakeMedia(films / "fast.mov", resolve.project.rate)
    item = fake_resolve.FakeItem(timeline, media, START, 0, 46, span=48)
    timeline.tracks["video"][0][1].append(item)
    ended(entry(media=str(films / "fast.mov"), take=str(films / "fast.mov"), record_start=20, media_start=21,
                take_start=0, frames=20, timecode="01:00:00:20"))  # fmt: skip
    item.start += trimmed
    item.length -= trimmed
    item.own = (media, round(trimmed * 25 / 24), 47)
    click("collect results", resolve)
    assert tracks(timeline)[1] == ("W2L fr", [laid])
    assert list(timeline.marks) == [marker]


def test_thirty_frames_that_are_not_thirty(package, films, home, talking_film, ended, click, entry):
    """One hour of 29.97 begins at frame 108000; sound counts real seconds; markers count from the start."""
    rate = Fraction(30000, 1001)
    film = talking_film(home / "ntsc.mov", rate=rate, frames=48, faces=())
    resolve = fake_resolve.FakeResolve(rate=rate)
    timeline = resolve.project.add("NTSC", "29.97 DF", 108000)
    item = fake_resolve.FakeItem(timeline, fake_resolve.FakeMedia(film, rate), 108010, 10, 24)
    timeline.tracks["video"][0][1].append(item)
    host = package("host").connect({"resolve": resolve})
    ended(entry(media=str(film), take=str(film)), stem_s=100.1, host=host)
    click("collect results", resolve)
    assert item.takes[1][1:] == (6, 29)
    assert tracks(timeline, "audio")[1][1][0][0] == 108000 + 3000
    assert list(timeline.marks) == [10.0]


def test_reasons_stand_in_markers_beside_those_of_the_user(item, entry, ended, timeline, resolve, click):
    why = {"frames": 24, "code": "no-face", "message": "no face was found", "hint": ""}
    for frame in (10, 11):
        timeline.AddMarker(frame, "Blue", "mine", "", 1, "")
    ended(entry(take=None, take_start=None, synced=0, passed=[{**why, "frames": 4}, {**why, "frames": 20}]))
    click("collect results", resolve)
    marker = timeline.marks[12.0]
    assert (marker["name"], marker["color"]) == ("Not dubbed (fr)", "Yellow")
    assert marker["note"] == "24 frames stay (no-face): no face was found"
    # A later run that dubs it after all takes its own marker away and leaves the user's.
    ended(entry())
    click("collect results", resolve)
    assert {frame: mark["name"] for frame, mark in timeline.marks.items()} == {
        10.0: "mine", 11.0: "mine", 12.0: "Dubbed (fr)",
    }  # fmt: skip


def test_a_marker_that_is_not_set_and_a_track_without_its_name_are_told(
    item, entry, ended, timeline, resolve, click, monkeypatch
):
    for frame in range(10, 40):
        timeline.AddMarker(frame, "Blue", "mine", "", 1, "")
    monkeypatch.setattr(timeline, "SetTrackName", lambda *_: False)
    ended(entry(), deliver="overlay")
    said = click("collect results", resolve)
    assert "Resolve did not set 1 of the markers." in said
    assert "Resolve did not name the new video track W2L fr." in said
    assert timeline.tracks["video"][1:] == [["Video 2", []]]


def test_our_markers_never_mark(item, entry, ended, timeline, resolve, click, package, host):
    ended(entry())
    click("collect results", resolve)
    assert package("marking").characters(host.read()) == []


def test_a_new_take_comes_beside_the_old_one(item, entry, ended, resolve, click, home, films):
    """After a change there is another file; offsets are still those of the user's media."""
    new = home / "W2L Studio" / "second.mov"
    first = home / "W2L Studio" / "first.mov"
    new.parent.mkdir()
    for path in (first, new):
        path.write_bytes((films / "other.mov").read_bytes())
    ended(entry(take=str(first)))
    click("collect results", resolve)
    ended(entry(take=str(new)))
    said = click("collect results", resolve)
    assert "New: 1 takes" in said
    assert [take[1:] for take in item.takes] == [(10, 33), (6, 29), (6, 29)]
    assert item.selected == 3


@pytest.fixture
def dubs(home, films):
    """Return paths of two takes that lie where ours do."""
    folder = home / "W2L Studio"
    folder.mkdir(exist_ok=True)
    paths = [folder / "A.mov", folder / "B.mov"]
    for path in paths:
        path.write_bytes((films / "other.mov").read_bytes())
    return [str(path) for path in paths]


SKIPPED = {"take": None, "take_start": None, "synced": 0}


def test_going_back_to_an_earlier_stem_shows_its_take_again(item, entry, ended, resolve, click, dubs):
    """The engine reuses the take that it has; the one between is ours, and not the user's choice."""
    for take in (dubs[0], dubs[1], dubs[0]):
        ended(entry(take=take))
        said = click("collect results", resolve)
        assert item.shown[0].path == take
    assert "New: 0 takes, 0 clips on a track above, 0 stems. Already there: 2. Selected again: 1." in said
    assert "Selected again" not in click("collect results", resolve)
    item.selected = 1
    click("collect results", resolve)
    assert item.selected == 1


def test_going_back_to_an_earlier_stem_lays_its_dub_again(item, entry, ended, timeline, resolve, click, dubs):
    for take in (dubs[0], dubs[1], dubs[0]):
        ended(entry(take=take), deliver="overlay")
        click("collect results", resolve)
        assert [name for name, _ in tracks(timeline)] == ["Video 1", "W2L fr"]
        assert [laid.shown[0].path for laid in timeline.tracks["video"][1][1]] == [take]
    # As a take, it would lie unseen below the old one.
    ended(entry(take=dubs[1]))
    click("collect results", resolve)
    assert timeline.shown_at(START + 12)[0].path == dubs[1]
    # And where a dub is laid above a part, the rest shows no older take.
    ended(entry(take=dubs[0], record_start=15, media_start=15, frames=4, take_start=13), deliver="overlay")
    click("collect results", resolve)
    assert timeline.shown_at(START + 12)[0] is item.own[0]
    assert timeline.shown_at(START + 15)[0].path == dubs[0]


@pytest.mark.parametrize("deliver", ["take", "overlay"])
def test_what_is_not_dubbed_any_more_shows_the_users_own_picture(
    deliver, item, entry, ended, timeline, resolve, click, dubs
):
    """And the take again once it is dubbed after all: nobody chose between the two."""
    for _ in range(2):
        ended(entry(take=dubs[0]), deliver=deliver)
        click("collect results", resolve)
        assert timeline.shown_at(START + 12)[0].path == dubs[0]
        assert timeline.marks[10.0]["name"] == "Dubbed (fr)"
        ended(entry(**SKIPPED), deliver=deliver)
        click("collect results", resolve)
        assert timeline.shown_at(START + 12)[0] is item.own[0]
        assert timeline.marks[10.0]["name"] == "Not dubbed (fr)"


def test_a_take_that_resolve_goes_on_showing_is_told(item, entry, ended, timeline, resolve, click, dubs):
    ended(entry(take=dubs[0]))
    click("collect results", resolve)
    ended(entry(**SKIPPED))
    item.SelectTakeByIndex = lambda _: False
    assert "01:00:00:10 plate: Resolve did not select take 1." in click("collect results", resolve)


def test_a_take_in_another_language_is_left_in_sight(
    item, entry, ended, timeline, resolve, click, home, films
):
    """Which of two languages is seen is the user's choice, whatever the report of either says."""
    takes = {}
    for lang in ("de", "fr"):
        takes[lang] = home / "W2L Studio" / "Der_Film" / timeline.id / lang / "result" / "media" / "A.mov"
        takes[lang].parent.mkdir(parents=True)
        takes[lang].write_bytes((films / "other.mov").read_bytes())
        ended(entry(take=str(takes[lang])), lang=lang)
        click("collect results", resolve)
    for chosen in (2, 3, 1):
        item.selected = chosen
        click("collect results", resolve)
        assert item.selected == chosen
    item.selected = 2
    ended(entry(**SKIPPED), lang="fr")
    click("collect results", resolve)
    assert item.selected == 2
    ended(entry(**SKIPPED), lang="de")
    click("collect results", resolve)
    assert item.selected == 1


def test_of_two_takes_of_one_report_the_users_choice_stays(item, entry, ended, resolve, click, dubs):
    ended(entry(take=dubs[0]), entry(take=dubs[1], mark="0.0#1"))
    click("collect results", resolve)
    item.selected = 2
    assert "Selected again" not in click("collect results", resolve)
    assert item.selected == 2


def test_dubs_of_clips_above_one_another_leave_each_other_alone(
    item, entry, ended, timeline, resolve, click, dubs, films
):
    other = fake_resolve.FakeMedia(films / "fast.mov", resolve.project.rate)
    other.rate = resolve.project.rate
    timeline.tracks["video"].append(["Video 2", [fake_resolve.FakeItem(timeline, other, START + 12, 12, 20)]])
    above = entry(take=dubs[1], media=other.path, record_start=12, media_start=12, frames=20)
    ended(entry(take=dubs[0]), above, deliver="overlay")
    said = click("collect results", resolve)
    assert "2 clips on a track above" in said
    assert "Already there: 3." in click("collect results", resolve)
    assert [len(items) for _, items in tracks(timeline)[2:]] == [1, 1]


def test_a_clip_that_does_not_answer_leaves_the_other_takes_shown(
    item, entry, ended, timeline, resolve, click, home, films
):
    """While a modal waits, calls answer None; what was flipped by then is flipped back."""
    take = home / "W2L Studio" / "first.mov"
    take.parent.mkdir()
    take.write_bytes((films / "other.mov").read_bytes())
    ended(entry(take=str(take)))
    click("collect results", resolve)
    timeline.tracks["video"][0][1].append(fake_resolve.FakeItem(timeline, item.own[0], START + 60, 10, 24))
    timeline.tracks["video"][0][1][1].takes = item.takes
    timeline.tracks["video"][0][1][1].GetTakeByIndex = lambda _: None
    assert "something happened that this plugin does not know" in click("collect results", resolve)
    assert item.selected == 2
    assert resolve.page == "color"


def test_how_a_take_is_read_is_set_once(item, entry, ended, resolve, click):
    item.own[0].stored["Input Color Space"] = "ARRI LogC3"
    ended(entry())
    click("collect results", resolve)
    take = item.takes[1][0]
    assert take.stored["Input Color Space"] == "ARRI LogC3"
    take.stored["Input Color Space"] = "Rec.709, as the user corrected it"
    click("collect results", resolve)
    assert take.stored["Input Color Space"] == "Rec.709, as the user corrected it"


def test_the_users_colour_stays(item, entry, ended, resolve, click):
    item.color = "Pink"
    ended(entry())
    click("collect results", resolve)
    assert item.color == "Pink"


@pytest.mark.parametrize(("first_s", "placed"), [(0.5, (START + 12, 0, 48)), (-0.25, (START, 6, 42))])
def test_stems_lie_where_the_engine_heard_them(first_s, placed, item, entry, ended, timeline, resolve, click):
    ended(entry(), stem_s=first_s)
    click("collect results", resolve)
    assert tracks(timeline, "audio")[1] == ("W2L fr", [placed])


@pytest.fixture
def stems(home, films):
    """Return paths of two stems, one of them of a later mix."""
    paths = [home / "fr.wav", home / "fr2.wav"]
    for path in paths:
        path.write_bytes((films / "fr.wav").read_bytes())
    return [str(path) for path in paths]


def heard(timeline):
    return [
        (name, [(i.start - START, i.shown[1], i.length, Path(i.shown[0].path).name) for i in items])
        for name, items in timeline.tracks["audio"][1:]
    ]


def test_a_replaced_stem_and_a_moved_one_take_the_old_ones_place(
    item, entry, ended, timeline, resolve, click, stems, dubs
):
    ended(entry(take=dubs[0]), stem=stems[0])
    click("collect results", resolve)
    for first_s, place in ((0.5, (12, 0, 48)), (1.0, (24, 0, 48)), (-0.25, (0, 6, 42)), (-0.5, (0, 12, 36))):
        ended(entry(take=dubs[0]), stem=stems[1], stem_s=first_s)
        said = click("collect results", resolve)
        assert "1 stems. Already there: 1. Taken away, since no longer true: 1." in said
        assert heard(timeline) == [("W2L fr", [(*place, "fr2.wav")])]
        assert "Taken away" not in click("collect results", resolve)
    ended(entry(take=dubs[0]), stem=stems[0], character="ANNA")
    click("collect results", resolve)
    assert heard(timeline) == [("W2L fr", []), ("W2L fr ANNA", [(12, 0, 48, "fr.wav")])]
    # Of chosen clips, a report tells the chosen characters alone.
    ended(entry(take=dubs[0]), stem=stems[1], character="BEN")
    click("collect results", resolve)
    assert heard(timeline)[1:] == [
        ("W2L fr ANNA", [(12, 0, 48, "fr.wav")]), ("W2L fr BEN", [(12, 0, 48, "fr2.wav")]),
    ]  # fmt: skip


def test_an_old_stem_that_resolve_keeps_is_told(item, entry, ended, timeline, resolve, click, stems, dubs):
    ended(entry(take=dubs[0]), stem=stems[0])
    click("collect results", resolve)
    timeline.locked.add(("audio", 2))
    ended(entry(take=dubs[0]), stem=stems[1])
    said = click("collect results", resolve)
    assert "1 stems" in said
    assert "Resolve did not take fr.wav, of an earlier run, off the track W2L fr." in said
    assert "Taken away" not in said


def test_what_the_user_laid_and_cut_on_our_tracks_stays(
    item, entry, ended, timeline, resolve, click, stems, dubs, films
):
    """A sound of the user's; the stem without its first second, and cut in two, the second half moved."""
    ended(entry(take=dubs[0]), stem=stems[0])
    click("collect results", resolve)
    ours = timeline.tracks["audio"][1][1]
    stem = ours[0].own[0]
    other = fake_resolve.FakeMedia(films / "fr.wav", resolve.project.rate)
    ours[:] = [
        fake_resolve.FakeItem(timeline, stem, START + 16, 4, 20),
        fake_resolve.FakeItem(timeline, stem, START + 40, 24, 24),
        fake_resolve.FakeItem(timeline, other, START + 70, 0, 10),
    ]
    before = heard(timeline)
    said = click("collect results", resolve)
    assert "0 stems. Already there: 2." in said
    assert heard(timeline) == before


@pytest.fixture
def sequence(timeline, home):
    """A clip of 24 frames from the tenth of an image sequence on, ten frames into the timeline."""
    media = fake_resolve.FakeMedia(home / "sh010.[1001-1048].exr", Fraction(24))
    timeline.tracks["video"][0][1].append(fake_resolve.FakeItem(timeline, media, START + 10, 10, 24))
    return timeline.tracks["video"][0][1][0]


@pytest.fixture
def sequences(home):
    """Return what stands for two takes of it, with handles of six frames; their files are there."""
    folders = [home / "W2L Studio" / name for name in ("sh010.fr.a", "sh010.fr.b")]
    for folder in folders:
        folder.mkdir(parents=True)
        for number in range(1005, 1041):
            (folder / f"{folder.name}.{number}.exr").touch()
    return [str(folder / f"{folder.name}.[1005-1040].exr") for folder in folders]


def in_bin(resolve):
    (ours,) = resolve.project.pool.root.folders
    return [clip.path for clip in ours.folders[0].clips if clip.kind == "Video"]


def test_a_take_of_an_image_sequence_is_one_clip_on_its_own(
    sequence, sequences, entry, ended, resolve, click
):
    media = sequence.own[0].path
    for count, take in enumerate(sequences, 1):
        ended(entry(media=media, take=take))
        assert "New: 1 takes" in click("collect results", resolve)
        assert "New: 0 takes" in click("collect results", resolve)
        assert [shown[1:] for shown in sequence.takes] == [(10, 33), *[(6, 29)] * count]
        assert sequence.shown[0].path == take
        assert in_bin(resolve) == sequences[:count]


def test_a_dub_of_an_image_sequence_above_takes_the_old_ones_place(
    sequence, sequences, entry, ended, timeline, resolve, click
):
    for take in sequences:
        ended(entry(media=sequence.own[0].path, take=take), deliver="overlay")
        for _ in range(2):
            said = click("collect results", resolve)
            assert tracks(timeline)[1] == ("W2L fr", [(START + 10, 6, 24)])
            assert timeline.shown_at(START + 12)[0].path == take
    assert "Already there: 2." in said
    assert in_bin(resolve) == sequences


def test_an_image_sequence_of_which_a_file_is_gone_is_told(sequence, sequences, entry, ended, resolve, click):
    """Before Resolve is asked, which might import what is left of it."""
    gone = Path(sequences[0].replace("[1005-1040]", "1017"))
    gone.unlink()
    ended(entry(media=sequence.own[0].path, take=sequences[0]))
    said = click("collect results", resolve)
    assert f"{gone} is not there; start the job again." in said
    assert "1 stems" in said
    assert (sequence.takes, in_bin(resolve)) == ([], [])


def test_an_image_sequence_that_resolve_takes_for_single_files_is_told(
    sequence, sequences, entry, ended, resolve, click
):
    resolve.project.pool.unreadable.add(sequences[0])
    ended(entry(media=sequence.own[0].path, take=sequences[0]))
    assert "is Show Individual Frames off?" in click("collect results", resolve)


def test_a_take_of_an_image_sequence_is_played_at_its_clips_rate(
    sequence, sequences, entry, ended, resolve, click, monkeypatch
):
    """Of itself it has none, and takes the project's, which need not be that of the clip or the timeline."""
    resolve.project.rate = Fraction(25)
    ended(entry(media=sequence.own[0].path, take=sequences[0]))
    click("collect results", resolve)
    assert sequence.shown[0].path == sequences[0]
    assert sequence.shown[0].GetClipProperty("FPS") == "24"
    monkeypatch.setattr(fake_resolve.FakeMedia, "SetClipProperty", lambda *_: False)
    ended(entry(media=sequence.own[0].path, take=sequences[1]))
    told = click("collect results", resolve)
    assert "plays sh010.fr.b.[1005-1040].exr at 25 frames a second; set 24 in its Clip Attributes" in told
    assert [shown[0].path for shown in sequence.takes] == [sequence.own[0].path, sequences[0]]


@pytest.mark.parametrize(
    ("path", "pattern", "numbers"),
    [
        ("/x/sh[2].[0998-1002].EXR", "/x/sh[2].%04d.EXR", ["0998", "0999", "1000", "1001", "1002"]),
        ("C:\\x\\[8-10].tiff", "C:\\x\\%01d.tiff", ["8", "9", "10"]),
    ],
)
def test_what_stands_for_an_image_sequence(path, pattern, numbers, package):
    sequence = package("sequences").sequence_of(path)
    head, tail = pattern.split(f"%0{len(numbers[0])}d")
    assert sequence.pattern == pattern
    assert sequence.files() == [f"{head}{number}{tail}" for number in numbers]


@pytest.mark.parametrize(
    "path", ["/x/Anna [1-2].wav", "/x/a[1-2].mov", "/x/[1-2].exr/a.exr", "/x/a.1001.exr"]
)
def test_other_brackets_are_part_of_a_name(path, package):
    assert package("sequences").sequence_of(path) is None


def test_what_cannot_be_imported_is_told_and_the_rest_goes_on(
    item, entry, ended, timeline, resolve, click, films
):
    resolve.project.pool.unreadable.add(str(films / "other.mov"))
    ended(entry())
    said = click("collect results", resolve)
    assert "did not import" in said
    assert "1 stems" in said
    assert "did not import" in timeline.marks[10.0]["note"]


def test_another_timeline_in_front_is_put_back(item, entry, ended, resolve, timeline, click, package, host):
    ended(entry())
    job = package("jobs").of(package("settings").load(), host.read())[0]
    other = resolve.project.add("Szene 2", "24", START)
    outcome = package("collecting").collect(host, job, package("jobs").report(job), job.folder)
    assert outcome.takes == 1
    assert resolve.project.current is other
    resolve.project.timelines.remove(timeline)
    with pytest.raises(package("host").HostError, match="not in this project"):
        package("collecting").collect(host, job, package("jobs").report(job), job.folder)


def test_a_sound_whose_length_nobody_tells_is_told(item, entry, ended, timeline, resolve, click, monkeypatch):
    monkeypatch.setattr(fake_resolve, "clock", lambda *_: "")
    ended(entry())
    assert "Resolve does not tell how long" in click("collect results", resolve)
    assert item.selected == 2


@pytest.mark.parametrize(
    ("kind", "placed", "place", "held"),
    [
        ("video", (100, 12), (100, 12, 36, 24), True),
        ("video", (100, 17), (100, 12, 36, 24), False),
        ("video", (105, 17), (100, 12, 36, 24), False),
        ("video", (100, 11), (100, 12, 37, 24), True),
        ("audio", (105, 17), (100, 12, 36, 24), True),
        ("audio", (100, 17), (100, 12, 36, 24), False),
        ("audio", (100, 3), (100, 0, 24, 24), True),
    ],
    ids=[
        "where it was laid", "slipped", "trimmed", "of another rate", "a trimmed stem", "a slipped stem",
        "a stem's offset that Resolve counts in its own way",
    ],
)  # fmt: skip
def test_what_belongs_to_a_place(kind, placed, place, held, package):
    (start, left), (record, first, stop, frames) = placed, place
    above = package("placing").Above(record, first, stop, frames)
    assert above.held_by(package("reading").Placed(start, 20, "a.mov", left), kind) is held


@pytest.mark.parametrize(
    ("told", "duration", "rate", "count"),
    [
        ("", "00:10:00;00", Fraction(30000, 1001), 17982),
        ("", "00;01;00;02", Fraction(30000, 1001), 1800),
        ("", "01:00:00;00", Fraction(60000, 1001), 215784),
        ("", "00:10:00:00", Fraction(30000, 1001), 18000),
        ("", "00:10:00;00", Fraction(24), 14400),
        ("7", "00:10:00;00", Fraction(30000, 1001), 7),
        ("", "ten minutes", Fraction(24), 0),
    ],
)
def test_lengths_are_counted_in_the_timecodes_own_way(told, duration, rate, count, package):
    assert package("reading").frames(told, duration, rate) == count


def test_a_file_is_the_same_however_its_umlauts_are_spelled(package):
    same_file = package("reading").same_file
    assert same_file("/Filme/Gr\u00fcn.mov", "/Filme/Gru\u0308n.mov")
    assert not same_file("/a.mov", "/b.mov")
    assert not same_file("", "")
    below = package("reading").below
    assert below("/Filme/Gru\u0308n/fr/a.mov", Path("/Filme/Gr\u00fcn"))
    assert below("/Filme/a.mov", Path("/Filme/alt/.."))
    assert not below("/Filme/../a.mov", Path("/Filme"))
    assert not below("", Path("/Filme"))


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", 24), ("23.976", Fraction(24000, 1001)), ("29.97 DF", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)), ("12.5", Fraction(25, 2)), ("", 0), ("unknown", 0),
    ],
)  # fmt: skip
def test_rates_are_exact(text, rate, package):
    assert package("reading").rate(text) == rate
