"""The face detector of our own."""
