"""Lip motion as text for other programs: JSON, CSV, glTF animation (docs/lips.md).

Moves nothing and writes nothing.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from w2l_studio import __version__, atomic
from w2l_studio.terms import Floats, LipMotion

SCHEMA = "w2l.lips/1"
_DIGITS = 4
#: glTF's numbers for a float and for a buffer of vertices.
_FLOAT, _ARRAY_BUFFER = 5126, 34962


def as_json(motion: LipMotion, stem: Path) -> dict[str, Any]:
    """Return the motion as plain JSON values."""
    return {
        "schema": SCHEMA,
        "stem": str(stem),
        "sha256": atomic.sha256(stem),
        "fps": f"{motion.rate.numerator}/{motion.rate.denominator}",
        "frames": len(motion.opening),
        "start_s": 0.0,
        "language_independent": True,
        "method": "network",
        "synthetic": True,
        "engine": __version__,
        "channels": {name: _rounded(values) for name, values in motion.channels.items()},
        "opening": _rounded(motion.opening),
        "width": _rounded(motion.width),
        "rounding": _rounded(motion.rounding),
        "closure": motion.closure.astype(int).tolist(),
        "confidence": _rounded(motion.confidence),
    }


def as_csv(motion: LipMotion) -> str:
    """Return a line per frame: number, time in seconds, measures, then the units."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    measures = ("opening", "width", "rounding", "closure", "confidence")
    rows.writerow(["frame", "time_s", *measures, *motion.channels])
    columns = [
        *(_rounded(getattr(motion, name)) for name in measures[:3]),
        motion.closure.astype(int).tolist(),
    ]
    columns += [_rounded(motion.confidence), *(_rounded(values) for values in motion.channels.values())]
    for i, row in enumerate(zip(*columns, strict=True)):
        rows.writerow([i, round(float(i / motion.rate), 6), *row])
    return text.getvalue()


def as_gltf(motion: LipMotion, name: str) -> str:
    """Return glTF 2.0 with one animation of morph weights, named by ARKit; its mesh is a mere carrier.

    Args:
        name: of the animation.
    """
    frames, units = len(motion.opening), list(motion.channels)
    times = (np.arange(frames) * float(1 / motion.rate)).astype("<f4")
    morphs = np.stack(list(motion.channels.values()), 1).astype("<f4")
    still = np.zeros(9, "<f4")
    parts = [times.tobytes(), morphs.tobytes(), still.tobytes()]
    starts = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    views = [
        {"buffer": 0, "byteOffset": a, "byteLength": len(part)}
        for a, part in zip(starts, parts, strict=False)
    ]
    views[2]["target"] = _ARRAY_BUFFER
    scene: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": f"w2l-studio {__version__}", "extras": {"synthetic": True}},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "lips"}],
        "meshes": [
            {
                "name": "lips",
                "primitives": [{"attributes": {"POSITION": 2}, "targets": [{"POSITION": 2} for _ in units]}],
                "weights": [0.0] * len(units),
                "extras": {"targetNames": units},
            }
        ],
        "animations": [
            {
                "name": name,
                "channels": [{"sampler": 0, "target": {"node": 0, "path": "weights"}}],
                "samplers": [{"input": 0, "output": 1, "interpolation": "LINEAR"}],
            }
        ],
        "accessors": [
            {
                "bufferView": 0, "componentType": _FLOAT, "count": frames, "type": "SCALAR",
                "min": [float(times[0])], "max": [float(times[-1])],
            },
            {"bufferView": 1, "componentType": _FLOAT, "count": frames * len(units), "type": "SCALAR"},
            {
                "bufferView": 2, "componentType": _FLOAT, "count": 3, "type": "VEC3",
                "min": [0.0] * 3, "max": [0.0] * 3,
            },
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": starts[-1], "uri": _data_uri(b"".join(parts))}],
    }  # fmt: skip
    return json.dumps(scene)


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]


def _data_uri(content: bytes) -> str:
    return "data:application/octet-stream;base64," + base64.b64encode(content).decode("ascii")
