"""Commands of ``python -m training``; each only reads options and calls."""
