"""The glossary as frozen dataclasses: one meaning for each word, in code, CLI and docs.

Holds data and pure functions of it. Arrays state shape, dtype and range; docs/glossary.md is tested against
this package.
"""

from w2l_studio.terms.arrays import Bools, Doubles, Floats, FramesBGR, Ints, Plane
from w2l_studio.terms.edit import ClipUse, Cue, FaceHint, Line, Mark, Segment, SoundUse, folded
from w2l_studio.terms.faces import Crops, Faces, FaceTrack, Matte, Shot
from w2l_studio.terms.media import ColourTags, FieldOrder, Planes, Plate, Stem, Voice
from w2l_studio.terms.results import LipMotion, Passed, Slate, Take, Verdict
from w2l_studio.terms.sequence import ImageSequence, sequence_of

__all__ = [
    "Bools",
    "ClipUse",
    "ColourTags",
    "Crops",
    "Cue",
    "Doubles",
    "FaceHint",
    "FaceTrack",
    "Faces",
    "FieldOrder",
    "Floats",
    "FramesBGR",
    "ImageSequence",
    "Ints",
    "Line",
    "LipMotion",
    "Mark",
    "Matte",
    "Passed",
    "Plane",
    "Planes",
    "Plate",
    "Segment",
    "Shot",
    "Slate",
    "SoundUse",
    "Stem",
    "Take",
    "Verdict",
    "Voice",
    "folded",
    "sequence_of",
]
