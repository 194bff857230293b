"""The drawing of a timeline shows what the stand-in holds, before anything is dubbed."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]

sys.path.insert(0, str(ROOT))
try:
    from examples.hosts import resolve_timeline
finally:
    sys.path.remove(str(ROOT))


def test_colours_tracks_and_markers_are_drawn_where_they_are():
    fake = resolve_timeline.fake_resolve
    made = resolve_timeline.timeline(fake.FakeResolve(rate=Fraction(24)))
    first, second = made.tracks["video"][0][1][:2]
    first.color = "Teal"
    made.AddMarker(100, "Green", "Dubbed (fr)", "", 1, "")
    sheet = resolve_timeline.draw(made)

    def column(frame):
        return resolve_timeline._LEFT + round(frame * resolve_timeline._SCALE)

    def shows(colour, frame):
        return (sheet[:, column(frame)] == np.array(colour)).all(axis=1).any()

    teal, plain = resolve_timeline._COLOURS["Teal"], resolve_timeline._COLOURS[""]
    assert shows(teal, 80)
    assert not shows(teal, second.start + 70 - 86400)
    assert shows(plain, second.start + 70 - 86400)
    assert shows(resolve_timeline._MARKS["Green"], 100)
    assert shows(resolve_timeline._MARKS["Blue"], 6)
