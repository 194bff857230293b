"""A dubbed edit in the shape that DaVinci Resolve imports.

Resolve refuses an OpenTimelineIO file without a word where it differs from its own, and looks for media under
the default key and by bare path only. Writes no file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import opentimelineio as otio

from w2l_studio.edit import urls
from w2l_studio.edit.layout import OURS

_DIALECT, _DEFAULT = "Resolve_OTIO", otio.schema.Clip.DEFAULT_MEDIA_KEY
#: Where the user's own media stays.
_ORIGINAL = f"{OURS}original"


def wrote(timeline: Any) -> bool:
    """Tell whether Resolve exported a timeline."""
    return _DIALECT in timeline.metadata


def importable(timeline: Any, lang: str, folder: Path) -> Any:
    """Return a copy of a patched edit that Resolve can import.

    The dub is each clip's default media and the user's media stays beside it. The name is a new one, since
    Resolve refuses a timeline whose name is taken.

    Args:
        timeline: as `patch.apply` returns it for an edit that Resolve exported.
        lang: language tag of the dub.
        folder: what relative media URLs are relative to.
    """
    copy = timeline.deepcopy()
    copy.name = f"{copy.name} W2L {lang}"
    for number, track in enumerate(copy.audio_tracks(), 1):
        if _DIALECT not in track.metadata:
            track.name = f"Audio {number}"
            track.metadata[_DIALECT] = {"Locked": False, "SoloOn": False}
    for clip in copy.find_clips():
        references, active = dict(clip.media_references()), clip.active_media_reference_key
        if active == f"{OURS}{lang}":
            original = references.pop(_DEFAULT, None)
            dub = references.pop(active)
            beside = {_ORIGINAL: original} if original is not None else {}
            clip.set_media_references({**references, _DEFAULT: dub, **beside}, _DEFAULT)
        for media in clip.media_references().values():
            if isinstance(media, otio.schema.ExternalReference):
                path = urls.to_path(media.target_url or "", folder)
                media.target_url = media.target_url if path is None else str(path)
    return copy
