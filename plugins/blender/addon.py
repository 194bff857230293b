"""Registers everything, in the order in which one needs the other."""

from __future__ import annotations

import bpy

from . import dub, panels, preferences, refine, rig, settings

CLASSES = (
    *settings.CLASSES,
    *preferences.CLASSES,
    *dub.CLASSES,
    *rig.CLASSES,
    *refine.CLASSES,
    *panels.CLASSES,
)


def register() -> None:
    """Add classes and settings."""
    for one in CLASSES:
        bpy.utils.register_class(one)
    settings.attach()


def unregister() -> None:
    """Take them away."""
    settings.detach()
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)
