"""Makes any .otio text loadable by OpenTimelineIO, and undoes it on writing.

Works on JSON values only: opens no file and knows nothing of clips or time.
"""

from __future__ import annotations

import json
import re
from typing import Any

import opentimelineio as otio

from w2l_studio.errors import EditError

#: Metadata key under which an object of an unknown schema waits, as JSON text, to be written back.
_ORIGINAL = "w2l_studio_original"
#: Names of old files that OpenTimelineIO still reads without listing them.
_ALIASES = {"Sequence", "Filler", "SerializeableCollection"}
#: What stands in for an unknown schema, by the field that holds it.
_STAND_INS = {
    "effects": "Effect.1",
    "markers": "Marker.2",
    "children": "Gap.1",
    "media_references": "MissingReference.1",
    "media_reference": "MissingReference.1",
}
#: Fields that stand-ins take over, so that positions and names stay what they were.
_KEPT = ("name", "source_range", "marked_range", "enabled")
_STRING_OR_INF = re.compile(r'"(?:\\.|[^"\\])*"|\bInf\b')
_ZERO_TIME = {"OTIO_SCHEMA": "RationalTime.1", "value": 0, "rate": 1}
#: Bounds of times, far beyond any edit's and far within what floats hold exactly: rates per second, seconds,
#: and how much faster a clip may play.
_RATES, _MOST_S, _FASTEST = (0.01, 1e6), 1e9, 1e6
#: Fields without which OTIO refuses a stand-in.
_REQUIRED: dict[str, dict[str, Any]] = {
    "Effect.1": {"effect_name": ""},
    "Marker.2": {
        "marked_range": {"OTIO_SCHEMA": "TimeRange.1", "start_time": _ZERO_TIME, "duration": _ZERO_TIME}
    },
}


def clean(data: bytes, where: str) -> str:
    """Return JSON text that OpenTimelineIO loads.

    Objects of unknown schemas become plain effects, markers, gaps or missing references that carry
    the original in their metadata (`restore` puts it back).

    Args:
        data: the file's bytes, UTF-8 with or without byte order mark.
        where: the file's name, for errors.

    Raises:
        EditError: not JSON, not a timeline, a schema that is too new, or a time or speed beyond any bound.
    """
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(_infinity(text))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise EditError(
            f"is not readable as OpenTimelineIO ({error})", hint="export it again", where=where
        ) from error
    if not isinstance(value, dict) or not str(value.get("OTIO_SCHEMA", "")).startswith("Timeline."):
        found = value.get("OTIO_SCHEMA", "no schema") if isinstance(value, dict) else type(value).__name__
        raise EditError(f"holds no timeline but {found}", hint="export one timeline", where=where)
    cleaned = json.dumps(_clean(value, "", where), ensure_ascii=False)
    # OTIO's parser rounds numbers otherwise than Python's: text that needs no change stays as it is.
    return cleaned if _ORIGINAL in cleaned else text


def restore(text: str) -> str:
    """Return timeline JSON with the objects that `clean` replaced put back."""
    if _ORIGINAL not in text:
        return text
    return json.dumps(_restore(json.loads(text)), indent=4, ensure_ascii=False)


def _infinity(text: str) -> str:
    """Spell out the number ``Inf``, which OTIO writes and reads and JSON does not know."""
    return (
        _STRING_OR_INF.sub(lambda m: "Infinity" if m[0] == "Inf" else m[0], text) if "Inf" in text else text
    )


def _clean(value: Any, field: str, where: str) -> Any:
    if isinstance(value, list):
        return [_clean(entry, field, where) for entry in value]
    if not isinstance(value, dict):
        return value
    name, _, version = str(value.get("OTIO_SCHEMA", "")).rpartition(".")
    known = otio.core.type_version_map().get(name)
    if known is not None and version.isdigit() and int(version) > known:
        raise EditError(
            f"is written in {name}.{version}, and this OpenTimelineIO reads up to {name}.{known}",
            hint="export with an older OTIO schema, or update opentimelineio",
            where=where,
        )
    if name and known is None and name not in _ALIASES and field in _STAND_INS:
        return _stand_in(value, _STAND_INS[field], where)
    if name == "Clip":
        where = f"{where}: clip {value.get('name')!r}"
    if field != "metadata":
        _check_time(name, value, where)
    return {key: _clean(entry, _field(key, name, field), where) for key, entry in value.items()}


def _field(key: str, schema: str, field: str) -> str:
    """Return the field that a value stands in; below metadata and in keyed references it is inherited."""
    inherits = field == "metadata" or (field == "media_references" and not schema)
    return field if inherits else key


def _stand_in(original: dict[str, Any], schema: str, where: str) -> dict[str, Any]:
    kept = {key: _clean(original[key], key, where) for key in _KEPT if original.get(key) is not None}
    return {
        "OTIO_SCHEMA": schema,
        **_REQUIRED.get(schema, {}),
        **kept,
        "metadata": {_ORIGINAL: json.dumps(original)},
    }


def _check_time(schema: str, value: Any, where: str) -> None:
    """Refuse times and speeds that OTIO loads and nobody can mean: infinite or endless ones."""
    if schema == "RationalTime":
        rate, time = value.get("rate"), value.get("value")
        numbers = isinstance(rate, (int, float)) and isinstance(time, (int, float))
        if not numbers or not (_RATES[0] <= rate <= _RATES[1] and abs(time) <= _MOST_S * rate):
            raise EditError(
                f"holds a time of {time!s:.40} at {rate!s:.40} frames per second",
                hint="correct it in the host and export again",
                where=where,
            )
    speed = value.get("time_scalar") if schema else None
    if isinstance(speed, (int, float)) and not abs(speed) <= _FASTEST:
        raise EditError(
            f"plays {speed!s:.40} times as fast", hint="correct its speed and export again", where=where
        )


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        return [_restore(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    metadata = value.get("metadata")
    if isinstance(metadata, dict) and _ORIGINAL in metadata:
        return json.loads(metadata[_ORIGINAL])
    return {key: _restore(entry) for key, entry in value.items()}
