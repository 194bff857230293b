"""What the plugin calls, and what the fake answers, is what Blackmagic's published calls are."""

import ast
import importlib.metadata
import inspect
from pathlib import Path

import fake_resolve
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "plugins" / "davinci" / "w2l_resolve"
HOST = sorted((PACKAGE / "host").glob("*.py"))
#: Newer than the newest stubs: Resolve 21.0.4.
NEWER = {"GetSelectedClips": ("Timeline",)}
#: Classes of the plugin's own, and Fusion's windows, of which no stubs are published.
OURS = {"UIDispatcher", "Form", "Timeline", "Item", "Marker", "Placed"}
#: May be left out by Resolve's own README, where the stubs ask for them.
OPTIONAL = {"subframe_precision", "subTrackType"}
CLASSES = {
    fake_resolve.FakeResolve: "Resolve",
    fake_resolve.FakeManager: "ProjectManager",
    fake_resolve.FakeProject: "Project",
    fake_resolve.FakePool: "MediaPool",
    fake_resolve.FakeFolder: "Folder",
    fake_resolve.FakeMedia: "MediaPoolItem",
    fake_resolve.FakeTimeline: "Timeline",
    fake_resolve.FakeItem: "TimelineItem",
}


@pytest.fixture(scope="module")
def stubs():
    """Return method -> class -> signatures, each a list of (name, may be left out)."""
    path = importlib.metadata.distribution("fusionscript-stubs").locate_file(
        "fusionscript-stubs/fusionscript.pyi"
    )
    found = {}
    for owner in ast.parse(Path(path).read_text(encoding="utf-8")).body:
        for method in owner.body if isinstance(owner, ast.ClassDef) else []:
            if isinstance(method, ast.FunctionDef):
                signature = arguments(method)
                found.setdefault(method.name, {}).setdefault(owner.name, []).append(signature)
    return found


def arguments(method):
    names = method.args.args[1:]
    left_out = len(names) - len(method.args.defaults)
    return [
        (one.arg, i >= left_out or one.arg in OPTIONAL or may_be_none(one)) for i, one in enumerate(names)
    ]


def may_be_none(argument):
    return argument.annotation is not None and "Optional" in ast.unparse(argument.annotation)


def fits(signature, count):
    needed = sum(not optional for _, optional in signature)
    return needed <= count <= len(signature)


def calls(path):
    """Yield line, name and number of arguments of every call that begins with a capital, as Resolve's do."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr[0].isupper()
        ):
            yield node.lineno, node.func.attr, len(node.args)


def called():
    return {name for path in HOST for _, name, _ in calls(path)} - OURS


def test_every_call_exists_with_that_many_arguments(stubs):
    assert len(called()) > 40
    for path in HOST:
        for line, name, count in calls(path):
            every = [signature for owner in stubs.get(name, {}).values() for signature in owner]
            known = name in OURS or name in NEWER or any(fits(one, count) for one in every)
            assert known, f"{path.name}:{line} {name}({count})"


def test_every_call_is_answered_by_the_fake_and_none_by_an_invention():
    answered = {name for kind in CLASSES for name in dir(kind) if name[0].isupper()} | set(NEWER)
    assert called() <= answered


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: CLASSES[kind])
def test_the_fakes_calls_are_the_published_ones(kind, stubs):
    methods = [(n, m) for n, m in inspect.getmembers(kind, inspect.isfunction) if n[0].isupper()]
    assert methods
    for name, method in methods:
        taken = list(inspect.signature(method).parameters)[1:]
        published = [[one for one, _ in signature] for signature in stubs[name][CLASSES[kind]]]
        assert any(taken == names[: len(taken)] or set(taken) <= set(names) for names in published), name


def test_only_host_calls_resolve():
    others = [path for path in PACKAGE.glob("*.py") if path.name != "form.py"]
    assert others
    for path in others:
        theirs = {name for _, name, _ in calls(path)} - {"Form", "Row", "Job", "Above"}
        assert not theirs, path.name


def test_the_fake_is_as_nasty_as_the_real_one(resolve, timeline, films, tmp_path):
    """Each of these cost somebody an evening."""
    item = fake_resolve.FakeItem(timeline, fake_resolve.FakeMedia(films / "plate.mov", 24), 86400, 0, 24)
    timeline.tracks["video"][0][1].append(item)
    assert hasattr(timeline, "Anything")
    assert timeline.Anything is None
    assert resolve.project.add("Szene 1", "24", 0) is None
    item.AddMarker(5, "Red", "a", "", 1, "")
    assert list(item.GetMarkers()) == [5.0]
    assert item.AddMarker(5, "Red", "b", "", 1, "") is False
    assert timeline.Export(str(films / "no.otio"), "EXPORT_OTIO", None) is False
    assert item.AddTake(item.own[0], 0, 3) is False
    resolve.OpenPage("edit")
    pool = resolve.project.GetMediaPool()
    info = {"mediaPoolItem": item.own[0], "startFrame": 0, "endFrame": 24, "mediaType": 1, "trackIndex": 1}
    (dropped,) = pool.AppendToTimeline([{**info, "recordFrame": 86410}])
    assert (dropped.GetUniqueId(), dropped.GetDuration()) == ("", None)
    (laid,) = pool.AppendToTimeline([{**info, "recordFrame": 86424}])
    assert (laid.GetDuration(), len(timeline.GetItemListInTrack("video", 1))) == (24, 2)
    assert item.SetClipColor("Cyan") is False
    numbers = {"FilePath": str(tmp_path / "sh.%04d.exr"), "StartIndex": 8, "EndIndex": 9}
    for n in (8, 9):
        assert pool.ImportMedia([numbers]) == []
        (tmp_path / f"sh.000{n}.exr").touch()
    sequence = str(tmp_path / "sh.[0008-0009].exr")
    assert pool.ImportMedia([sequence]) == []
    assert [media.GetClipProperty("File Path") for media in pool.ImportMedia([numbers])] == [sequence]
    resolve.version = [20, 2, 2, 1, ""]
    assert timeline.GetSelectedClips is None
