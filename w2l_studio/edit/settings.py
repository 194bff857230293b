"""Settings of marks and clips: reads and checks `metadata["w2l_studio"]` of markers and clips.

Decides nothing about which frames are marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from w2l_studio.errors import EditError
from w2l_studio.terms import FaceHint, Mark, Slate
from w2l_studio.terms.curves import LOGS
from w2l_studio.terms.results import METADATA_KEY

#: On markers, and on clips for all of their marks; and what only a clip has.
NAMES = ("character", "face", "skip", "strength")
OF_CLIPS = (*NAMES, "log")
#: What a dub leaves on its clip, beside the user's settings.
SLATE = frozenset({*Slate.__slots__, "passed"})
#: How a clip says that its picture is what a display shows, whatever `--log` says of all.
_NO_LOG = "none"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a marker or a clip says; None = it says nothing.

    Args:
        log: of clips alone: name in `curves.LOGS`, "" = none.
    """

    character: str | None = None
    hint: FaceHint | None = None
    strength: float | None = None
    skip: bool | None = None
    log: str | None = None


def read(item: Any, where: str, *, of_clip: bool = False) -> Settings:
    """Return the settings of a marker or clip.

    Args:
        item: anything with OTIO metadata.
        where: marker or clip and timecode, for errors.
        of_clip: it is a clip, which has more of them, and what a dub leaves there beside them.

    Raises:
        EditError: a value that cannot be meant, or a name that is no setting; says which.
    """
    found = item.metadata.get(METADATA_KEY)
    if found is None:
        return Settings()
    names = OF_CLIPS if of_clip else NAMES
    if not isinstance(found, Mapping):
        raise _bad(METADATA_KEY, found, f"the settings {', '.join(names)}", where)
    unknown = sorted(set(found) - {*names, *(SLATE if of_clip else ())})
    if unknown:
        raise EditError(
            f"metadata {METADATA_KEY!r} holds the unknown setting {unknown[0]!r}",
            hint=f"known are {', '.join(names)}",
            where=where,
        )
    return Settings(
        _character(found.get("character"), where),
        _hint(found.get("face"), where),
        _strength(found.get("strength"), where),
        _skip(found.get("skip"), where),
        _log(found.get("log"), where),
    )


def under(mark: Mark, defaults: Settings) -> Mark:
    """Return the mark with a clip's settings where the mark itself says nothing."""
    return replace(
        mark,
        character=mark.character or defaults.character,
        hint=mark.hint or defaults.hint,
        strength=defaults.strength if mark.strength is None else mark.strength,
        skip=defaults.skip if mark.skip is None else mark.skip,
    )


def told(item: Any) -> dict[str, Any]:
    """Return what stands under our name in the metadata of an item or of media."""
    found = item.metadata.get(METADATA_KEY)
    return dict(found) if isinstance(found, Mapping) else {}


def binds(clip: Any) -> bool:
    """Tell whether a sound clip says where its file lies, whatever time reference the file carries."""
    return told(clip).get("place") == "here"


def is_stem(clip: Any) -> bool:
    """Tell whether a sound clip says that a dub laid it (see `stem_tracks`)."""
    return "stem" in told(clip)


def _character(value: Any, where: str) -> str | None:
    if value is None or (isinstance(value, str) and value.strip()):
        return value.strip() if value else None
    raise _bad("character", value, "a name", where)


def _strength(value: Any, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise _bad("strength", value, "a number from 0 to 1", where)
    return float(value)


def _skip(value: Any, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise _bad("skip", value, "true or false", where)


def _log(value: Any, where: str) -> str | None:
    if value is None or (isinstance(value, str) and value in LOGS):
        return value
    if value == _NO_LOG:
        return ""
    raise _bad("log", value, f"one of {', '.join((*LOGS, _NO_LOG))}", where)


def _hint(value: Any, where: str) -> FaceHint | None:
    if value is None:
        return None
    numbers = [float(n) for n in value if _normal(n)] if _is_list(value) else []
    if len(numbers) == 2 == len(value):
        return FaceHint(*numbers, *numbers)
    if len(numbers) == 4 == len(value) and numbers[0] < numbers[2] and numbers[1] < numbers[3]:
        return FaceHint(*numbers)
    raise _bad("face", value, "[x, y] or [left, top, right, bottom], each from 0 to 1", where)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _normal(number: Any) -> bool:
    return isinstance(number, (int, float)) and not isinstance(number, bool) and 0 <= number <= 1


def _bad(name: str, value: Any, wanted: str, where: str) -> EditError:
    shown = list(value) if _is_list(value) else value
    return EditError(f"{name} = {shown!r} cannot be meant", hint=f"give {wanted}", where=where)
