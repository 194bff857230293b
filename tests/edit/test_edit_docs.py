"""docs/marks.md says what the code does."""

import json
import re
from pathlib import Path

import opentimelineio as otio

from w2l_studio import errors
from w2l_studio.edit import marks, settings
from w2l_studio.terms import FaceHint

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "marks.md").read_text(encoding="utf-8")


def test_the_example_marks(build, tmp_path):
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1]
    marker = otio.core.deserialize_json_from_string(json.dumps(json.loads(example)))
    clip = build.clip(90000, 200, 25, available=(90000, 500), markers=[marker])
    (mark,) = marks.find(build.edit(tmp_path, build.track(clip)))
    assert (mark.character, mark.record.start, mark.record.stop) == ("ANNA", 20, 95)
    assert (mark.hint, mark.strength) == (FaceHint(0.3, 0.4, 0.3, 0.4), 0.8)


def test_the_settings_are_all_told():
    assert tuple(sorted(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))) == tuple(
        sorted(settings.OF_CLIPS)
    )


def test_reason_codes_exist():
    codes = {kind.code for kind in errors.ShotError.__subclasses__()}
    assert set(re.findall(r"\(`([a-z-]+)`\)", PAGE)) <= codes
