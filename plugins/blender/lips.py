"""What `w2l-studio lips STEM --json` says, read and checked.

Starts no engine and knows no Blender data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

#: The form that is read here.
SCHEMA = "w2l.lips/1"

Curve = npt.NDArray[np.float64]
#: What the engine tells besides the face units; here all of them are 0 at rest and 1 at their full.
FEATURES = ("opening", "width", "rounding", "closure")
#: The engine's own measures at full (docs/lips.md): gap of the lips over the mouth's width in loud speech,
#: and the mouth's width over that at rest when spread.
_WIDE_OPEN, _SPREAD = 0.4, 1.1


class LipsError(Exception):
    """One sentence for the user."""


@dataclass(frozen=True, slots=True, eq=False)
class Lips:
    """The motion of a stem's lips.

    Args:
        rate: values per second.
        sha256: of the stem.
        curves: name -> ``float64[N]`` in 0..1: ARKit's units of the mouth, and `FEATURES`.
    """

    rate: Fraction
    sha256: str
    curves: dict[str, Curve]

    @property
    def frames(self) -> int:
        """Number of values of every curve."""
        return len(self.curves["closure"])


def read(text: str) -> Lips:
    """Read the engine's answer.

    Raises:
        LipsError: it is of another form; says what to do.
    """
    try:
        told = json.loads(text)
        schema = told["schema"]
        if schema != SCHEMA:
            raise LipsError(f"the engine tells lips as {schema}, this extension reads {SCHEMA}; update both")
        curves = {name: np.array(values, np.float64) for name, values in told["channels"].items()}
        features = {name: np.array(told[name], np.float64) for name in FEATURES}
        features["opening"] = np.clip(features["opening"] / _WIDE_OPEN, 0, 1)
        features["width"] = np.clip((features["width"] - 1) / (_SPREAD - 1), 0, 1)
        curves.update(features)
        found = Lips(Fraction(told["fps"]), str(told["sha256"]), curves)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LipsError(f"the engine's answer is no lips ({error}); update engine and extension") from error
    if any(curve.shape != (told["frames"],) for curve in curves.values()):
        raise LipsError("the engine's answer has curves of different lengths; update engine and extension")
    return found
