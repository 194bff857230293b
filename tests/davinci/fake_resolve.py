"""DaVinci Resolve as its users met it: what its calls do, and how they fail without a word.

Behaviour as published by people who tried, calls as in `fusionscript-stubs`. Holds real media: `picture`
decodes what a viewer would see. Methods that begin with a capital are Resolve's.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from fractions import Fraction
from pathlib import Path

import av

from w2l_studio.terms import ImageSequence, sequence_of

CLIP_COLORS = (
    "Orange",
    "Yellow",
    "Lime",
    "Green",
    "Teal",
    "Navy",
    "Blue",
    "Purple",
    "Pink",
    "Beige",
    "Brown",
)
MARKER_COLORS = (
    "Blue",
    "Cyan",
    "Green",
    "Yellow",
    "Red",
    "Pink",
    "Purple",
    "Fuchsia",
    "Rose",
    "Mint",
    "Sand",
)
_serial = itertools.count(1)


def nothing(*_):
    return None


class Api:
    """Every attribute that is asked for is there: None, or over some bridges a function that returns None."""

    fabricates_functions = False

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return nothing if Api.fabricates_functions else None


class Marked(Api):
    """What carries markers: their frames and durations come back as floats."""

    def __init__(self):
        self.marks = {}

    def AddMarker(self, frameId, color, name, note, duration, customData=""):
        if float(frameId) in self.marks or color not in MARKER_COLORS:
            return False
        told = {"color": color, "duration": float(duration), "name": name, "note": note}
        self.marks[float(frameId)] = {**told, "customData": customData}
        return True

    def GetMarkers(self):
        return dict(self.marks)

    def DeleteMarkerByCustomData(self, customData):
        found = [frame for frame, mark in self.marks.items() if mark["customData"] == customData]
        for frame in found[:1]:
            del self.marks[frame]
        return bool(found)


class FakeMedia(Api):
    """A clip of the media pool; everything that it tells is text. An image sequence's path has brackets."""

    def __init__(self, path, project_rate, kind=None):
        self.path = str(path)
        self.stored = {}
        sequence = sequence_of(Path(path))
        if sequence is not None:
            # It takes the project's rate, as sound does, and counts from the first file's number.
            self.rate, self.frames, self.kind, self.channels = project_rate, len(sequence), "Video", ""
            self.timecode = clock(sequence.first, round(project_rate))
            return
        with av.open(self.path) as file:
            sound = file.streams.audio[0] if file.streams.audio else None
            if file.streams.video:
                stream = file.streams.video[0]
                self.rate = Fraction(stream.average_rate)
                self.frames = stream.frames
                self.timecode = stream.metadata.get("timecode", "00:00:00:00")
                self.kind = kind or ("Video + Audio" if sound else "Video")
            else:
                # A sound file takes the project's rate when it is imported.
                self.rate = project_rate
                self.frames = int(sound.duration * sound.time_base * project_rate)
                self.timecode, self.kind = "00:00:00:00", "Audio"
            self.channels = str(sound.channels) if sound else ""

    @property
    def start(self):
        hours, minutes, seconds, frames = map(int, self.timecode.replace(";", ":").split(":"))
        return ((hours * 60 + minutes) * 60 + seconds) * round(self.rate) + frames

    def GetClipProperty(self, propertyName=None):
        told = {
            "File Path": "" if self.kind == "Compound" else self.path,
            "Type": self.kind,
            "FPS": f"{float(self.rate):g}",
            # Of a sound, the duration alone.
            "Frames": "" if self.kind == "Audio" else str(self.frames),
            "Duration": clock(self.frames, round(self.rate)),
            "Start TC": self.timecode,
            "Audio Ch": self.channels,
            **self.stored,
        }
        return told if propertyName is None else told.get(propertyName, "")

    def SetClipProperty(self, propertyName, propertyValue):
        if propertyName == "FPS":
            self.rate = Fraction(propertyValue)
        else:
            self.stored[propertyName] = propertyValue
        return True


def clock(frames, nominal):
    seconds = frames // nominal
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames % nominal:02}"


class FakeItem(Marked):
    """A clip on a track. `media`, `left` and `length` are those of the selected take."""

    def __init__(self, timeline, media, start, left, length, *, span=None):
        super().__init__()
        self.timeline, self.start, self.length = timeline, start, length
        self.id = f"item-{next(_serial)}"
        self.own = (media, left, left + length - 1)
        self.takes = []
        self.selected = 0
        self.color = ""
        self.enabled = True
        self.span = length if span is None else span
        self.refuses_takes = False

    @property
    def shown(self):
        return self.takes[self.selected - 1] if self.selected else self.own

    def _edits(self):
        return self.timeline.resolve.page == "edit"

    def GetName(self):
        return Path(self.own[0].path).stem if self.own[0] else "Title"

    def GetUniqueId(self):
        return self.id

    def GetMediaPoolItem(self):
        return self.shown[0]

    def GetStart(self, subframe_precision=False):
        return self.start

    def GetDuration(self, subframe_precision=False):
        return self.length

    def GetLeftOffset(self, subframe_precision=False):
        return self.shown[1]

    def GetSourceStartFrame(self):
        return self.shown[1]

    def GetSourceEndFrame(self):
        return self.shown[1] + self.span

    def GetClipEnabled(self):
        return self.enabled

    def GetClipColor(self):
        return self.color

    def SetClipColor(self, colorName):
        if colorName not in CLIP_COLORS:
            return False
        self.color = colorName
        return True

    def GetTakesCount(self):
        return len(self.takes)

    def GetSelectedTakeIndex(self):
        return self.selected

    def GetTakeByIndex(self, idx):
        media, first, last = self.takes[idx - 1]
        return {"mediaPoolItem": media, "startFrame": first, "endFrame": last}

    def AddTake(self, mediaPoolItem, startFrame=None, endFrame=None):
        """The original becomes take 1; the last frame is included."""
        if not self._edits() or self.refuses_takes:
            return self.refuses_takes  # True is no proof either
        if not self.takes:
            self.takes.append(self.own)
            self.selected = 1
        last = mediaPoolItem.frames - 1 if endFrame is None else int(endFrame)
        self.takes.append((mediaPoolItem, int(startFrame or 0), last))
        return True

    def SelectTakeByIndex(self, idx):
        if not self._edits() or not 1 <= idx <= len(self.takes):
            return False
        self.selected = idx
        return True


class Ghost(Api):
    """What AppendToTimeline returns for a clip that it dropped."""

    def GetUniqueId(self):
        return ""

    def GetDuration(self, subframe_precision=False):
        return None


class FakeTimeline(Marked):
    """A timeline with tracks of items."""

    def __init__(self, resolve, name, rate, start):
        super().__init__()
        self.resolve, self.name, self.rate_text, self.start = resolve, name, rate, start
        self.id = f"timeline-{next(_serial)}"
        self.tracks = {"video": [["Video 1", []]], "audio": [["Audio 1", []]]}
        self.locked, self.disabled = set(), set()
        self.chosen, self.under_playhead = [], None

    def GetName(self):
        return self.name

    def GetUniqueId(self):
        return self.id

    def GetSetting(self, settingName):
        return self.rate_text if settingName == "timelineFrameRate" else ""

    def GetStartFrame(self):
        return self.start

    def GetTrackCount(self, trackType):
        return len(self.tracks[trackType])

    def GetTrackName(self, trackType, trackIndex):
        return self.tracks[trackType][trackIndex - 1][0]

    def SetTrackName(self, trackType, trackIndex, name):
        self.tracks[trackType][trackIndex - 1][0] = name
        return True

    def GetIsTrackLocked(self, trackType, trackIndex):
        return (trackType, trackIndex) in self.locked

    def GetIsTrackEnabled(self, trackType, trackIndex):
        return (trackType, trackIndex) not in self.disabled

    def GetItemListInTrack(self, trackType, index):
        return list(self.tracks[trackType][index - 1][1])

    def AddTrack(self, trackType, subTrackType=None):
        """From 19.0 on options may name the track that the new one goes under, else it goes on top."""
        options = isinstance(subTrackType, dict)
        if self.resolve.page != "edit" or (options and tuple(self.resolve.version[:3]) < (19, 0, 0)):
            return False
        if trackType == "audio" and not options and subTrackType not in ("mono", "stereo", "5.1"):
            return False
        tracks = self.tracks[trackType]
        index = subTrackType.get("index", 0) if options else 0
        at = index - 1 if 1 <= index <= len(tracks) else len(tracks)
        tracks.insert(at, [f"{trackType.title()} {at + 1}", []])
        for chosen in (self.locked, self.disabled):
            moved = {(kind, number + (kind == trackType and number > at)) for kind, number in chosen}
            chosen.clear()
            chosen.update(moved)
        return True

    def DeleteClips(self, timelineItems, Bool=False):
        """Off a locked track, and of a timeline that is not the current one, nothing is taken."""
        if self.resolve.page != "edit" or self.resolve.project.current is not self:
            return False
        found = [
            (items, item)
            for kind, tracks in self.tracks.items()
            for number, (_, items) in enumerate(tracks, 1)
            for item in items
            if item in timelineItems and (kind, number) not in self.locked
        ]
        for items, item in found:
            items.remove(item)
        return bool(found)

    def GetCurrentVideoItem(self):
        return self.under_playhead

    def _selected_clips(self):
        return list(self.chosen)

    def __getattr__(self, name):
        # Only newer versions have it; older ones fabricate it as they do everything else.
        if name == "GetSelectedClips" and tuple(self.resolve.version[:3]) >= (21, 0, 4):
            return self._selected_clips
        return super().__getattr__(name)

    def Export(self, fileName, exportType, exportSubtype):
        """A name as type, as one would write it, is refused without a word."""
        if exportType is not FakeResolve.EXPORT_OTIO:
            return False
        Path(fileName).write_text(json.dumps(self.otio()), encoding="utf-8")
        return True

    def otio(self):
        begin = time(self.start, float(self.rate_text.split()[0]))
        tracks = [
            self._track(kind, number, name, items)
            for kind in ("video", "audio")
            for number, (name, items) in enumerate(self.tracks[kind], 1)
        ]
        stack = {"OTIO_SCHEMA": "Stack.1", "metadata": {}, "name": "", "source_range": None, "effects": []}
        marks = [self._marker(int(frame), mark) for frame, mark in self.marks.items()]
        return {
            "OTIO_SCHEMA": "Timeline.1", "name": self.name, "global_start_time": begin,
            "metadata": {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
            "tracks": {**stack, "markers": marks, "enabled": True, "children": tracks},
        }  # fmt: skip

    def _track(self, kind, number, name, items):
        children, at, rate = [], self.start, float(self.rate_text.split()[0])
        for item in sorted(items, key=lambda one: one.start):
            if item.start > at:
                gap = {"OTIO_SCHEMA": "Gap.1", "metadata": {}, "name": "", "effects": [], "markers": []}
                children.append({**gap, "enabled": True, "source_range": span(0, item.start - at, rate)})
            children.append(self._clip(item, rate))
            at = item.start + item.length
        about = {"Locked": (kind, number) in self.locked}
        return {
            "OTIO_SCHEMA": "Track.1", "name": name, "kind": kind.title(), "metadata": {"Resolve_OTIO": about},
            "source_range": None, "effects": [], "markers": [], "children": children,
            "enabled": (kind, number) not in self.disabled,
        }  # fmt: skip

    def _clip(self, item, rate):
        media, left, _ = item.shown
        if media is None:
            generator = {"OTIO_SCHEMA": "GeneratorReference.1", "generator_kind": "Title", "parameters": {}}
            return {
                "OTIO_SCHEMA": "Clip.2", "name": "Title", "metadata": {}, "effects": [], "markers": [],
                "source_range": span(0, item.length, rate), "enabled": True,
                "media_references": {"DEFAULT_MEDIA": {**generator, "metadata": {}, "name": "Title"}},
                "active_media_reference_key": "DEFAULT_MEDIA",
            }  # fmt: skip
        own = float(media.rate)
        available = span(media.start, media.frames, own)
        reference = {
            "OTIO_SCHEMA": "ExternalReference.1", "metadata": {}, "name": Path(media.path).name,
            "available_range": available, "available_image_bounds": None, "target_url": media.path,
        }  # fmt: skip
        marks = [self._marker(int(frame) + media.start, mark) for frame, mark in item.marks.items()]
        return {
            "OTIO_SCHEMA": "Clip.2", "name": item.GetName(),
            "metadata": {"Resolve_OTIO": {"Link Group ID": 1}},
            "source_range": span(media.start + left, item.length, own), "effects": [], "markers": marks,
            "enabled": item.enabled, "media_references": {"DEFAULT_MEDIA": reference},
            "active_media_reference_key": "DEFAULT_MEDIA",
        }  # fmt: skip

    def _marker(self, frame, mark):
        rate = float(self.rate_text.split()[0])
        return {
            "OTIO_SCHEMA": "Marker.2", "name": mark["name"], "color": mark["color"].upper(), "comment": "",
            "marked_range": span(frame, mark["duration"], rate),
            "metadata": {"Resolve_OTIO": {"Note": mark["note"]}},
        }  # fmt: skip

    def shown_at(self, frame):
        """Return media and media frame that a viewer sees at an absolute record frame."""
        for number, (_, items) in reversed(list(enumerate(self.tracks["video"], 1))):
            for item in items:
                seen = item.enabled and ("video", number) not in self.disabled
                if seen and item.shown[0] is not None and item.start <= frame < item.start + item.length:
                    return item.shown[0], item.shown[1] + frame - item.start
        return None, 0

    def picture(self, frame):
        """Return the luma plane that a viewer sees at an absolute record frame."""
        media, index = self.shown_at(frame)
        return pictures(media.path)[index]


@functools.lru_cache(4)
def pictures(path):
    with av.open(path) as file:
        return [picture.to_ndarray(format="gray") for picture in file.decode(video=0)]


def time(value, rate):
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(value)}


def span(start, length, rate):
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, rate), "duration": time(length, rate)}


class FakeFolder(Api):
    def __init__(self, name):
        self.name, self.folders, self.clips = name, [], []

    def GetName(self):
        return self.name

    def GetSubFolderList(self):
        return list(self.folders)

    def GetClipList(self):
        return list(self.clips)


class FakePool(Api):
    """The media pool; clips land in the current bin only, and a second bin of a name is allowed."""

    def __init__(self, project):
        self.project = project
        self.root = self.current = FakeFolder("Master")
        self.unreadable = set()

    def GetRootFolder(self):
        return self.root

    def GetCurrentFolder(self):
        return self.current

    def SetCurrentFolder(self, folder):
        self.current = folder
        return True

    def AddSubFolder(self, folder, name):
        folder.folders.append(FakeFolder(name))
        return folder.folders[-1]

    def ImportMedia(self, items):
        """A path is one of a file; an image sequence is told by its pattern and its numbers."""
        told = [_sequence(**item) if isinstance(item, dict) else (item, [Path(item)]) for item in items]
        good = [path for path, files in told if all(file.is_file() for file in files)]
        made = [FakeMedia(path, self.project.rate) for path in good if path not in self.unreadable]
        self.current.clips += made
        return made

    def AppendToTimeline(self, clipInfo):
        """The last frame is not included; what overlaps is dropped, and an item comes back all the same."""
        timeline = self.project.current
        made = []
        for info in clipInfo:
            media, first, stop = info["mediaPoolItem"], info["startFrame"], info["endFrame"]
            kind = {1: "video", 2: "audio"}[info["mediaType"]]
            items = timeline.tracks[kind][info["trackIndex"] - 1][1]
            rate = self.project.rate
            # Of another rate than the timeline's: floored, and one frame short.
            length = stop - first if media.rate == rate else int((stop - first) * rate / media.rate) - 1
            start = info["recordFrame"]
            clash = any(one.start < start + length and start < one.start + one.length for one in items)
            if clash or timeline.resolve.page != "edit":
                made.append(Ghost())
                continue
            items.append(FakeItem(timeline, media, start, first, length))
            made.append(items[-1])
        return made


def _sequence(FilePath, StartIndex, EndIndex):
    path = Path(FilePath)
    prefix, digits, suffix = re.fullmatch(r"(.*)%0(\d)d(.*)", path.name).groups()
    made = ImageSequence(path.parent, prefix, StartIndex, EndIndex, int(digits), suffix)
    return str(made.path), [made.file(n) for n in range(len(made))]


class FakeProject(Api):
    def __init__(self, resolve, name, rate):
        self.resolve, self.name, self.rate = resolve, name, rate
        self.timelines, self.current = [], None
        self.pool = FakePool(self)

    def GetName(self):
        return self.name

    def GetMediaPool(self):
        return self.pool

    def GetTimelineCount(self):
        return len(self.timelines)

    def GetTimelineByIndex(self, idx):
        return self.timelines[idx - 1]

    def GetCurrentTimeline(self):
        return self.current

    def SetCurrentTimeline(self, timeline):
        self.current = timeline
        return True

    def add(self, name, rate, start):
        """Make a timeline as CreateEmptyTimeline does: None where the name is taken."""
        if any(one.name == name for one in self.timelines):
            return None
        self.timelines.append(FakeTimeline(self.resolve, name, rate, start))
        self.current = self.timelines[-1]
        return self.current


class FakeManager(Api):
    def __init__(self, project):
        self.project = project

    def GetCurrentProject(self):
        return self.project


class FakeResolve(Api):
    EXPORT_OTIO = object()
    EXPORT_NONE = object()

    def __init__(self, version=(21, 0, 4, 5, ""), product="DaVinci Resolve Studio", rate=Fraction(24)):
        self.version, self.product = list(version), product
        self.page = "color"
        self.project = FakeProject(self, "Der Film", rate)
        self.manager = FakeManager(self.project)

    def GetVersion(self):
        return self.version

    def GetProductName(self):
        return self.product

    def GetProjectManager(self):
        return self.manager

    def GetCurrentPage(self):
        return self.page

    def OpenPage(self, pageName):
        self.page = pageName
        return True

    def Fusion(self):
        return None


class Widget:
    def __init__(self, values):
        self.__dict__.update(values)
        self.choices = []

    def AddItem(self, text):
        self.choices.append(text)
        self.CurrentText = self.choices[0]


class FakeWindow:
    """A window; what the user does in it is a function of it, see `FakeUi`."""

    def __init__(self, values, parts):
        self.title = values["WindowTitle"]
        self.items = {w.ID: w for w in flat(parts) if hasattr(w, "ID")}
        self.On = _Handlers()

    def GetItems(self):
        return self.items

    def Show(self):
        pass

    def Hide(self):
        pass

    def press(self, text):
        button = next(
            w for w in self.items.values() if getattr(w, "Text", "") == text and w.ID.startswith("button")
        )
        getattr(self.On, button.ID).Clicked({})


class _Handlers:
    def __getattr__(self, name):
        self.__dict__[name] = Widget({})
        return self.__dict__[name]


def flat(parts):
    for part in parts:
        yield from flat(part) if isinstance(part, list) else [part]


class FakeUi:
    """`fusion`, `fusion.UIManager` and `bmd` in one; `user` answers every window."""

    def __init__(self, user):
        self.user = user
        self.windows = []
        self.UIManager = self
        self.Label = self.Button = self.ComboBox = self.LineEdit = Widget

    def HGroup(self, parts):
        return parts

    VGroup = HGroup

    def UIDispatcher(self, _manager):
        return self

    def AddWindow(self, values, parts):
        self.windows.append(FakeWindow(values, parts))
        return self.windows[-1]

    def RunLoop(self):
        self.left = False
        self.user(self.windows[-1])
        assert self.left, "the window would never have closed"

    def ExitLoop(self):
        self.left = True

    def scriptapp(self, _name):
        return None
