"""Resolve itself: its version and edition, the open project and timeline, and windows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from w2l_resolve import form
from w2l_resolve.host.handles import HostError


class Session:
    """Resolve with whatever project and timeline are open."""

    def __init__(self, resolve: Any, fusion: Any, bmd: Any) -> None:
        self.resolve = resolve
        self._fusion = fusion
        self._bmd = bmd
        major, minor, patch = (int(part) for part in resolve.GetVersion()[:3])
        self.version = (major, minor, patch)
        #: Only Studio has windows; asking for one elsewhere opens a modal that spoils later calls.
        self.studio = "Studio" in resolve.GetProductName()

    def project(self) -> Any:
        """Return the handle of the open project.

        Raises:
            HostError: none is.
        """
        project = self.resolve.GetProjectManager().GetCurrentProject()
        if project is None:
            raise HostError("no project is open")
        return project

    def timeline(self) -> Any:
        """Return the handle of the open timeline.

        Raises:
            HostError: none is.
        """
        timeline = self.project().GetCurrentTimeline()
        if timeline is None:
            raise HostError("no timeline is open; open the one to dub")
        return timeline

    @contextmanager
    def editing(self, timeline_id: str) -> Iterator[None]:
        """Open a timeline on the Edit page, since writes fail elsewhere, and put the user's back afterwards.

        Raises:
            HostError: the timeline is not in the current project.
        """
        project, page = self.project(), self.resolve.GetCurrentPage()
        before = project.GetCurrentTimeline()
        every = [project.GetTimelineByIndex(i + 1) for i in range(int(project.GetTimelineCount()))]
        wanted = next((one for one in every if one.GetUniqueId() == timeline_id), None)
        if wanted is None:
            raise HostError("the timeline of this job is not in this project; open the project that it is in")
        self.resolve.OpenPage("edit")
        project.SetCurrentTimeline(wanted)
        try:
            yield
        finally:
            if before is not None:
                project.SetCurrentTimeline(before)
            if page and page != "edit":
                self.resolve.OpenPage(page)

    def ask(self, asked: form.Form) -> dict[str, str] | None:
        """Show a form and return what was chosen, see `form.show`; None = there are no windows here."""
        if not self.studio or self._bmd is None:
            return None
        fusion = self._fusion if self._fusion is not None else self.resolve.Fusion()
        manager = getattr(fusion, "UIManager", None)
        return None if manager is None else form.show(asked, manager, self._bmd.UIDispatcher(manager))

    def tell(self, title: str, text: str) -> None:
        """Say something in a window where there are any, and on the console."""
        print(f"{title}: {text}")
        self.ask(form.Form(title, text, (), ("OK",)))
