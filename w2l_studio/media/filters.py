"""One of FFmpeg's filters at work on pictures of one size and format. Opens no file."""

from __future__ import annotations

from collections.abc import Iterator

import av
from av.filter import Graph
from av.video.frame import VideoFrame


class Filter:
    """A filter by FFmpeg's name.

    Args:
        name: the filter's.
        options: as FFmpeg spells them.
        like: a picture such as will go through: its size, format and time base.
    """

    def __init__(self, name: str, options: str, like: VideoFrame) -> None:
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=like.width, height=like.height, format=like.format, time_base=like.time_base
        )
        node, sink = self._graph.add(name, options), self._graph.add("buffersink")
        source.link_to(node)
        node.link_to(sink)
        self._graph.configure()

    def through(self, picture: VideoFrame | None) -> Iterator[VideoFrame]:
        """Yield what comes out once a picture went in; None = no more follow."""
        self._graph.push(picture)
        while True:
            try:
                yield self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
