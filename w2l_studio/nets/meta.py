"""What a weights file of ours says about itself, in the header of its safetensors.

Text only: needs neither torch nor the tensors.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

#: What weights can be for (detectors' in ONNX apart).
KINDS = (
    *("generator", "expert", "judge", "critic", "syncnet", "opening", "lips", "points"),
    *("sharpener", "retinaface"),
)
#: Least and most of what sizes a network or shifts its sound: anybody writes a header, and layers are made
#: from it before any shape is compared.
_RANGES = {"width": (0.01, 4), "sub_pixels": (1, 4), "columns": (1, 400), "lead_ms": (-1000, 1000)}


@dataclass(frozen=True, slots=True)
class Meta:
    """Identity and origin of weights.

    Args:
        kind: one of `KINDS`.
        width: channel multiplier of generator, expert and critic, 0.01..4.
        face_px: side of the faces.
        frames: pictures in an expert's window (the paper's Tv).
        from_reference: whether a generator draws what differs from its reference (`generator.Generator`).
        warps: whether it moves the reference's pixels before it draws upon them.
        sub_pixels: of a generator's outer layers (`generator.Generator`), 1..4.
        columns: mel columns that a generator hears, 1..400.
        listens: SHA-256 of the weights from sound to lips that a generator hears through; empty = it hears by
            its own ears.
        lead_ms: where a mel window begins relative to its picture, -1000..1000; negative = before.
        recipe: how it was trained.
        steps: for how long.
        licence: under which terms the weights may be used.
        commercial: whether these allow paid work.
        manifest: SHA-256 of the list of training data.
        base: SHA-256 of the weights that these are a delta upon; empty = they are whole.
        description: one sentence for tables.
    """

    kind: str
    width: float = 1.0
    face_px: int = 96
    frames: int = 5
    from_reference: bool = False
    warps: bool = False
    sub_pixels: int = 1
    columns: int = 16
    listens: str = ""
    lead_ms: float = 0.0
    recipe: str = ""
    steps: int = 0
    licence: str = "unknown"
    commercial: bool = False
    manifest: str = ""
    base: str = ""
    description: str = ""

    def to_header(self) -> dict[str, str]:
        """Return the fields as safetensors metadata, which holds text only."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_header(cls, header: dict[str, str]) -> Meta:
        """Read safetensors metadata; what is not there keeps its default.

        Raises:
            ValueError: ``kind`` is missing, or a number is none or out of its range.
        """
        if "kind" not in header:
            raise ValueError("the header names no kind")
        readers: dict[str, Any] = {"float": float, "int": int, "bool": "True".__eq__, "str": str}
        known = {field.name: readers[str(field.type)] for field in fields(cls)}
        meta = cls(**{name: read(header[name]) for name, read in known.items() if name in header})
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(meta, name) <= most:  # as NaN is not
                raise ValueError(f"{name} is {getattr(meta, name)}, must be {least} to {most}")
        if meta.kind == "expert" and meta.frames not in (1, 3, 5):
            raise ValueError(f"frames is {meta.frames}, must be 1, 3 or 5")
        return meta
