"""Shots, detectors, tracks, crops and the choice of the speaker. Opens no media."""
