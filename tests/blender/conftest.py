"""The extension's plain modules without Blender; the bridge stands where the zip carries its copy."""

import sys

from w2l_studio import bridge

sys.modules.setdefault("plugins.blender.bridge", bridge)
