"""Calls Resolve: the only room that does.

Reads into plain values and writes one thing at a time; decides nothing. What Resolve returns is no proof of
anything, so whatever is written can be read here again.
"""

from __future__ import annotations

from typing import Any

from w2l_resolve.host.handles import HostError
from w2l_resolve.host.pool import Clip
from w2l_resolve.host.timeline import Host

__all__ = ["OLDEST", "Clip", "Host", "HostError", "connect"]

OLDEST = (18, 5, 0)


def connect(scope: dict[str, Any]) -> Host:
    """Return Resolve as a menu script sees it.

    Args:
        scope: the script's globals.

    Raises:
        HostError: Resolve does not answer or is too old.
    """
    resolve, bmd = scope.get("resolve"), scope.get("bmd")
    if resolve is None and bmd is not None:
        resolve = bmd.scriptapp("Resolve")
    if resolve is None:
        try:
            import DaVinciResolveScript
        except ImportError as error:
            raise HostError("Resolve does not answer; start this from Workspace > Scripts") from error
        resolve = DaVinciResolveScript.scriptapp("Resolve")
    if resolve is None:
        raise HostError("Resolve does not answer; start it, and start this from Workspace > Scripts")
    host = Host(resolve, scope.get("fusion"), bmd)
    if host.version < OLDEST:
        raise HostError(
            f"DaVinci Resolve 18.5 or newer is needed; this is {host.version[0]}.{host.version[1]}"
        )
    return host
