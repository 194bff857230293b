"""Plates and takes that are image sequences: EXR, DPX, TIFF and PNG, one file a picture.

Nothing outside this room touches OpenImageIO.
"""
