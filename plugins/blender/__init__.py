# SPDX-License-Identifier: GPL-3.0-or-later
"""W2L Studio in Blender: dubs strips, moves the lips of rigs, refines renders by the engine.

Nothing of Blender is imported until `register`, so that the plain modules of this package can be used and
tested without it. See docs/hosts/blender.md.
"""


def register() -> None:
    """Add all that the extension brings."""
    from . import addon

    addon.register()


def unregister() -> None:
    """Take it away again."""
    from . import addon

    addon.unregister()
