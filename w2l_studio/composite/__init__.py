"""Mattes, colour match, texture and paste in the planes of the plate."""
