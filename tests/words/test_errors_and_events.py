import json
import os
import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from w2l_studio import errors, events
from w2l_studio.config import DubConfig, EditConfig, as_json

DOCS = Path(__file__).resolve().parents[2] / "docs"


def subclasses(kind: type[errors.StudioError]) -> list[type[errors.StudioError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in subclasses(child))]


@pytest.mark.parametrize("kind", subclasses(errors.StudioError), ids=lambda kind: kind.__name__)
def test_errors_survive_a_process_pool_with_all_their_words(kind: type[errors.StudioError]) -> None:
    error = kind("it is broken", hint="mend it", where="shot 3")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.message, again.hint, again.where) == (
        kind, kind.code, "it is broken", "mend it", "shot 3",
    )  # fmt: skip
    assert str(again) == "shot 3: it is broken. Mend it."


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in subclasses(errors.StudioError)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", errors.ShotError.__subclasses__(), ids=lambda kind: kind.code)
def test_every_reason_code_is_told_in_the_docs(kind: type[errors.ShotError]) -> None:
    assert f"`{kind.code}`" in (DOCS / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted({kind.exit_code for kind in subclasses(errors.StudioError)}))
def test_every_exit_code_is_told_in_the_docs(code: int) -> None:
    assert f"\n| {code} |" in (DOCS / "exit-codes.md").read_text(encoding="utf-8")


def sample(kind: type[Any]) -> events.Event:
    values = {"int": 3, "str": "Zoë", "bool": True}
    event: events.Event = kind(**{field.name: values[str(field.type)] for field in fields(kind)})
    return event


@pytest.mark.parametrize("kind", get_args(events.Event), ids=lambda kind: kind.__name__)
def test_events_go_through_a_json_line_and_stand_in_the_docs(kind: type[Any]) -> None:
    line = events.to_json(sample(kind), 7)
    assert "\n" not in line
    told = json.loads(line)
    assert (told.pop("v"), told.pop("seq"), told.pop("kind")) == (events.VERSION, 7, kind.__name__)
    assert kind(**told) == sample(kind)
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    assert f"`{kind.__name__}`" in page
    assert all(f"`{field.name}`" in page for field in fields(kind))


def test_a_name_that_is_no_utf8_goes_through_an_ascii_line() -> None:
    line = events.to_json(events.Warned("stem-placed", os.fsdecode(b"caf\xe9.wav")), 1)
    assert line.isascii()
    assert os.fsencode(json.loads(line)["message"]) == b"caf\xe9.wav"


def test_config_refuses_what_no_job_can_mean() -> None:
    with pytest.raises(errors.UsageError, match="--handles must be between 0"):
        DubConfig(edit=EditConfig(handles=-1))


def test_config_is_plain_json_for_keys() -> None:
    assert json.loads(json.dumps(as_json(DubConfig())))["edit"] == {"handles": 12, "whole_clip_share": "1/2"}
