"""How operators run long work: step by step under a timer, or at once where nobody watches.

Knows no kind of work (see `flows`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import bpy

from . import bridge, flows, lips, mapping

#: Seconds between two looks at the work.
_TIMER_S = 0.2
#: Why another work has to wait.
AT_WORK = "W2L is at work: wait for it, or stop it with ESC"
#: What is a sentence for the user and no fault of this program.
SENTENCES = (bridge.BridgeError, flows.Failed, lips.LipsError, mapping.MappingError)


class Running:
    """Makes an operator of a method ``steps(context)``; at work one at a time."""

    #: The operator's own method: the work, which may hold no Blender data from one step to the next.
    steps: Callable[[bpy.types.Context], flows.Steps]
    _flow: flows.Flow | None = None
    _timer: bpy.types.Timer | None = None
    #: Whether any operator of ours is at work.
    busy = False

    @classmethod
    def problem(cls, context: bpy.types.Context) -> str:
        """Return why it cannot run now; empty where it can."""
        del context
        return AT_WORK if Running.busy else ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, where it cannot run."""
        why = cls.problem(context)
        if why:
            cls.poll_message_set(why)
        return not why

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do all of it before returning: scripts and `--background`."""
        try:
            self.report({"INFO"}, flows.Flow(self.steps(context)).wait())
        except SENTENCES as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin, and go on while the user works."""
        if bpy.app.background:
            return self.execute(context)
        self._flow = flows.Flow(self.steps(context))
        self._timer = context.window_manager.event_timer_add(_TIMER_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        Running.busy = True
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Look at the work on every tick; ESC stops it."""
        if event.type not in ("ESC", "TIMER"):
            return {"PASS_THROUGH"}
        try:
            if event.type == "ESC":
                self._flow.cancel()
            done = self._flow.step()
            told = self._flow.status()
        except flows.Stopped:
            return self._over(context, "INFO", "stopped; finished takes are kept")
        except SENTENCES as error:
            self._abandon()
            return self._over(context, "ERROR", str(error))
        except Exception:
            self._abandon()
            self._clear(context)
            raise
        if done:
            return self._over(context, "INFO", self._flow.outcome or "", "FINISHED")
        context.workspace.status_text_set(told)
        return {"RUNNING_MODAL"} if event.type == "ESC" else {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Stop the work where Blender ends the operator: another file is opened, or the window is closed."""
        self._abandon()
        self._clear(context)

    def _abandon(self) -> None:
        """Stop what is still at work: nobody will look after it any more."""
        with suppress(flows.Failed):
            self._flow.cancel()

    def _over(self, context: bpy.types.Context, level: str, text: str, how: str = "CANCELLED") -> set[str]:
        self._clear(context)
        self.report({level}, text)
        return {how}

    def _clear(self, context: bpy.types.Context) -> None:
        Running.busy = False
        context.window_manager.event_timer_remove(self._timer)
        context.workspace.status_text_set(None)
