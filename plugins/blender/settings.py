"""What is kept in the blend file: stems and choices of a scene, controls of a character."""

from pathlib import Path

import bpy

from . import mapping, strips
from .edit import Sound
from .flows import Failed


class Stem(bpy.types.PropertyGroup):
    """A dubbed sound: a strip, or a file with its place."""

    character: bpy.props.StringProperty(
        name="Character", description="Whose voice, as the markers name it; empty: everybody's"
    )
    strip: bpy.props.StringProperty(name="Sound strip", description="It counts where it lies")
    file: bpy.props.StringProperty(
        name="File", description="Used where no strip is chosen", subtype="FILE_PATH"
    )
    start: bpy.props.IntProperty(name="Begins at frame", description="Where the file begins", default=1)


class SceneSettings(bpy.types.PropertyGroup):
    """What the Sequencer's panel asks."""

    stems: bpy.props.CollectionProperty(type=Stem)
    chosen: bpy.props.IntProperty(name="Stem")
    language: bpy.props.StringProperty(
        name="Language", description="Tag such as fr or pt-BR; empty: from stems named by it (ANNA.fr.wav)"
    )
    mute: bpy.props.BoolProperty(
        name="Mute original", description="Mute strips of which all that is seen is dubbed", default=True
    )
    told: bpy.props.StringProperty(name="Last result")


class Row(bpy.types.PropertyGroup):
    """A control of a character and what it follows: see `mapping.Row`."""

    use: bpy.props.BoolProperty(name="Keyed", description="Whether this control is keyed", default=True)
    source: bpy.props.StringProperty(
        name="Follows", description="ARKit unit, opening, width, rounding, closure, or set:viseme"
    )
    kind: bpy.props.EnumProperty(
        name="Kind",
        items=[
            (mapping.SHAPE, "Shape key", "A shape key's value"),
            (mapping.BONE, "Bone", "A pose bone"),
            (mapping.PROPERTY, "Property", "A custom property of the object"),
        ],
    )
    owner: bpy.props.StringProperty(name="Object", description="The object that has the control")
    control: bpy.props.StringProperty(name="Control", description="Name of the shape key, bone or property")
    part: bpy.props.EnumProperty(
        name="Part",
        items=[
            (p, p.replace("ROT", "Rotation").replace("LOC", "Location").replace("_", " "), "")
            for p in mapping.PARTS
        ],
    )
    scale: bpy.props.FloatProperty(name="Scale", description="What full strength is", default=1.0)
    offset: bpy.props.FloatProperty(name="Offset", description="What the mouth at rest is")


class CharacterSettings(bpy.types.PropertyGroup):
    """What the 3D view's panel asks of a character."""

    stem: bpy.props.PointerProperty(type=Stem)
    rows: bpy.props.CollectionProperty(type=Row)
    chosen: bpy.props.IntProperty(name="Control")
    deliver: bpy.props.EnumProperty(
        name="As",
        description="How the refined render comes back",
        items=[
            ("STRIP", "Strip", "Image strips in the Sequencer"),
            ("TEXTURE", "Image sequence", "An image sequence, for use as a texture"),
        ],
    )
    told: bpy.props.StringProperty(name="Last result")


def stem_problem(scene: bpy.types.Scene, stem: Stem) -> str:
    """Return why a stem cannot be used; empty where it can."""
    whose = f" of {stem.character}" if stem.character else ""
    if stem.strip:
        found = _strip(scene, stem.strip)
        if found is None:
            return f"the sound strip {stem.strip!r}{whose} is not in the Sequencer"
        # Blender 4.2 does not tell it of sounds.
        if len(getattr(found, "retiming_keys", ())):
            return f"the sound strip {stem.strip!r}{whose} is retimed: mix it down to a file first"
        path = strips.path_of(found)
    elif stem.file:
        path = Path(bpy.path.abspath(stem.file))
    else:
        return f"choose a sound strip or a file for the stem{whose}"
    return "" if path.is_file() else f"the stem{whose} {path} is not there"


def stem_sound(scene: bpy.types.Scene, stem: Stem, last: int) -> Sound:
    """Return where a stem lies; a file's length counts to frame ``last``, which the engine trims.

    Raises:
        Failed: it cannot be used.
    """
    problem = stem_problem(scene, stem)
    if problem:
        raise Failed(problem)
    if stem.strip:
        return strips.sound(_strip(scene, stem.strip), stem=True)
    path = Path(bpy.path.abspath(stem.file)).resolve()
    return Sound(path, stem.start, max(last, stem.start + 1), 0, True)


def _strip(scene: bpy.types.Scene, name: str) -> object | None:
    return next((s for s in strips.sound_strips(scene) if s.name == name), None)


def rows_of(character: CharacterSettings) -> list[mapping.Row]:
    """Return the rows that are to be keyed."""
    names = mapping.Row.__slots__
    return [mapping.Row(**{name: getattr(row, name) for name in names}) for row in character.rows if row.use]


def take_rows(character: CharacterSettings, rows: list[mapping.Row]) -> None:
    """Replace a character's rows."""
    character.rows.clear()
    for row in rows:
        kept = character.rows.add()
        for name in mapping.Row.__slots__:
            setattr(kept, name, getattr(row, name))
    character.chosen = 0


CLASSES = (Stem, SceneSettings, Row, CharacterSettings)


def attach() -> None:
    """Give scenes and objects their settings."""
    bpy.types.Scene.w2l = bpy.props.PointerProperty(type=SceneSettings)
    bpy.types.Object.w2l = bpy.props.PointerProperty(type=CharacterSettings)


def detach() -> None:
    """Take them away; what a file keeps stays in it."""
    del bpy.types.Scene.w2l
    del bpy.types.Object.w2l
