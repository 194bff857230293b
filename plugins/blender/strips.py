"""Strips of the Sequencer as plain values, and new ones on free channels.

The names that differ between Blender 4.2 and 5.0 stand here. Starts no engine.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from . import channels, image_sequence, marks, rates
from .edit import Picture, Sound

#: Types of strips that are dubbed, and that takes are.
PLATES = ("MOVIE", "IMAGE")
#: Custom properties of strips that are ours: name of the strip below (empty for sounds), and the language.
OURS, LANGUAGE = "w2l_of", "w2l_lang"
#: Custom property of strips that we muted: what the user muted is never shown again.
MUTED = "w2l_muted"


def scene_of(context: bpy.types.Context) -> bpy.types.Scene:
    """Return the scene that the Sequencer edits (from 5.0 on it may be another than the active one)."""
    return getattr(context, "sequencer_scene", None) or context.scene


def rate(scene: bpy.types.Scene) -> Fraction:
    """Return the scene's frames per second."""
    return rates.scene_rate(scene.render.fps, scene.render.fps_base)


def collection(scene: bpy.types.Scene) -> Any:
    """Return the strips that the user sees, as a collection: the scene's, or those of the open meta strip."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    owner = editor.meta_stack[-1] if len(editor.meta_stack) else editor
    # An empty collection is false: only None says that this Blender calls it otherwise.
    found = getattr(owner, "strips", None)
    return owner.sequences if found is None else found


def selected(scene: bpy.types.Scene) -> list[Any]:
    """Return the selected movies and images that are not ours, from the lowest channel to the highest."""
    if scene.sequence_editor is None:
        return []
    found = [s for s in collection(scene) if s.type in PLATES and s.select and OURS not in s]
    return sorted(found, key=lambda s: (s.channel, s.frame_final_start))


def path_of(strip: Any) -> Path:
    """Return the file of a strip, or what stands for its image sequence; of other images the first."""
    if strip.type == "IMAGE":
        names = _names(strip)
        return _folder(strip) / (image_sequence.whole(names) or names[0])
    told = strip.filepath if strip.type == "MOVIE" else strip.sound.filepath
    library = None if strip.type == "MOVIE" else strip.sound.library
    return Path(bpy.path.abspath(told, library=library)).resolve()


def problem(scene: bpy.types.Scene, strip: Any) -> str:
    """Return why a plate's strip cannot be dubbed as it is; empty where it can."""
    found = _images_problem(scene, strip) if strip.type == "IMAGE" else _movie_problem(scene, strip)
    if found:
        return found
    if strip.use_reverse_frames or strip.strobe > 1 or _retimed(scene, strip):
        return f"{strip.name} is retimed; dub it before you retime it"
    return ""


def picture(scene: bpy.types.Scene, strip: Any) -> Picture:
    """Return a plate's strip as the engine's edit takes it; frames held around the media are left out."""
    zero = int(strip.frame_start) - int(strip.animation_offset_start)
    frames = int(strip.frame_duration) + int(strip.animation_offset_start) + int(strip.animation_offset_end)
    start = max(int(strip.frame_final_start), int(strip.frame_start))
    stop = min(int(strip.frame_final_end), int(strip.frame_start) + int(strip.frame_duration))
    markers = [marks.Marker(marker.frame, marker.name) for marker in scene.timeline_markers]
    marked = marks.within(markers, start, stop)
    return Picture(strip.name, path_of(strip), start, stop, start - zero, frames, marked)


def sound(strip: Any, *, stem: bool) -> Sound:
    """Return a sound strip as the engine's edit takes it."""
    start = int(strip.frame_final_start)
    return Sound(path_of(strip), start, int(strip.frame_final_end), start - int(strip.frame_start), stem)


def sound_strips(scene: bpy.types.Scene) -> list[Any]:
    """Return the sound strips that the user sees."""
    if scene.sequence_editor is None:
        return []
    return [s for s in collection(scene) if s.type == "SOUND" and s.sound is not None]


def new_media(there: Any, name: str, path: Path, channel: int, start: int) -> Any:
    """Lay a movie, or the image sequence for which a path stands; its first picture lies at ``start``."""
    files = image_sequence.files(path.name)
    if not files:
        return there.new_movie(name, str(path), channel, start)
    laid = there.new_image(name, str(path.with_name(files[0])), channel, start)
    for file in files[1:]:
        laid.elements.append(file)
    return laid


def lay_media(scene: bpy.types.Scene, path: Path, start: int, name: str) -> Any:
    """Lay a movie, or the image sequence for which a path stands, on the lowest free channel."""
    strips = collection(scene)
    laid = new_media(strips, name, path, channels.MOST, start)
    others = [s for s in strips if s != laid]
    laid.channel = channels.free(others, 1, start, start + int(laid.frame_final_duration))
    return laid


def lay_sound(scene: bpy.types.Scene, path: Path, start: int, name: str) -> int:
    """Lay a dubbed sound on a free channel where no strip plays it yet.

    Returns:
        The frame from which it is heard: another than `start` where a strip plays it elsewhere.

    Raises:
        RuntimeError: this Blender plays no sound.
    """
    heard = [int(strip.frame_start) for strip in sound_strips(scene) if path_of(strip) == path]
    if heard:
        return start if start in heard else heard[0]
    strips = collection(scene)
    laid = strips.new_sound(name, str(path), channels.MOST, start)
    length = int(laid.frame_final_duration)
    others = [s for s in strips if s != laid]
    laid.channel = channels.free(others, 1, start, start + length)
    laid[OURS] = ""
    return start


def inputs(strip: Any) -> list[Any]:
    """Return the strips that an effect takes in; none of anything else."""
    return [getattr(strip, f"input_{n}") for n in range(1, getattr(strip, "input_count", 0) + 1)]


def seen(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether neither a strip nor its channel is muted."""
    return not strip.mute and strip.channel not in channels.muted(scene)


def visible(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether the user wants to see a strip: what we muted counts as shown."""
    return (not strip.mute or MUTED in strip) and strip.channel not in channels.muted(scene)


def repeated(there: Any, effect: Any, name: str, channel: int, takes_in: list[Any]) -> Any:
    """Lay an effect of the same type as another; what it takes in says how long it lasts."""
    start, stop = channels.span(effect)
    known = there.bl_rna.functions["new_effect"].parameters
    given = {f"{'input' if 'input1' in known else 'seq'}{n}": one for n, one in enumerate(takes_in, start=1)}
    given |= {"length": stop - start} if "length" in known else {"frame_end": stop}
    return there.new_effect(name, effect.type, channel, start, **given)


def _folder(strip: Any) -> Path:
    """Return where the files of an image strip lie."""
    return Path(bpy.path.abspath(strip.directory)).resolve()


def _names(strip: Any) -> list[str]:
    return [element.filename for element in strip.elements]


def _movie_problem(scene: bpy.types.Scene, strip: Any) -> str:
    if not path_of(strip).is_file():
        return f"{strip.name}: the movie {path_of(strip)} is not there"
    if not rates.same(strip.fps, rate(scene)):
        return (
            f"{strip.name} plays {strip.fps:g} pictures a second and the scene {float(rate(scene)):g}; "
            "set the scene to the movie's rate"
        )
    return ""


def _images_problem(scene: bpy.types.Scene, strip: Any) -> str:
    if strip.use_multiview:
        return f"{strip.name} is Multi-View; dub the pictures of each view as a strip of their own"
    names = _names(strip)
    if len(names) == 1:
        return f"{strip.name} is a still picture; deselect it"
    if why := image_sequence.problem(names):
        return f"{strip.name} {why}"
    used = picture(scene, strip)
    seen = names[used.media_first : used.media_first + used.stop - used.start]
    if not seen:
        return f"{strip.name} shows only a held picture; deselect it"
    # Asked whenever the panel is drawn: the engine tells of files that are missing between.
    ends = [_folder(strip) / name for name in (seen[0], seen[-1])]
    missing = next((path for path in ends if not path.is_file()), None)
    return f"{strip.name}: the picture {missing} is not there" if missing else ""


def _retimed(scene: bpy.types.Scene, strip: Any) -> bool:
    effects = [s for s in collection(scene) if s.type == "SPEED"]
    return _keyed(strip) or strip in [getattr(effect, "input_1", None) for effect in effects]


def _keyed(strip: Any) -> bool:
    """Tell whether a strip has retiming keys."""
    if hasattr(strip, "retiming_keys"):
        return len(strip.retiming_keys) > 0
    # Blender 4.2 has them of images, too, and tells only that their strip lasts longer or shorter than they.
    unkeyed = strip.frame_start + strip.frame_duration - strip.frame_offset_end
    return abs(strip.frame_final_end - unkeyed) >= 1
