"""Timelines, marks and cue sheets in; the patched edit out. Touches no picture and no sound."""
