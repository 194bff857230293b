"""Gives values to the shaders that read them; what they mean is the affair of who draws."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np

from training.performers.scene import Light
from w2l_studio.terms import Doubles


def give(programs: Sequence[moderngl.Program], name: str, value: float | tuple[float, ...] | Doubles) -> None:
    """Set a uniform in every program that reads it; matrices ``[R, C]`` are laid column by column."""
    for program in programs:
        uniform = program.get(name, None)
        if not isinstance(uniform, moderngl.Uniform):
            continue
        if isinstance(value, np.ndarray):
            uniform.write(np.ascontiguousarray(value.T, np.float32).tobytes())
        else:
            uniform.value = value


def light(programs: Sequence[moderngl.Program], name: str, shining: Light) -> None:
    """Set a light's colour and the way that it comes from."""
    give(programs, name, shining.colour)
    give(programs, f"{name}_way", shining.way)
