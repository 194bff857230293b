"""W2L Studio in DaVinci Resolve; put here by `w2l-studio plugin install resolve`."""

import sys

# The installer writes where the package is: Resolve tells a menu script nothing of its own place.
PACKAGE = ""

if PACKAGE not in sys.path:
    sys.path.insert(0, PACKAGE)

from w2l_resolve import menu

menu.settings_and_self_check(globals())
