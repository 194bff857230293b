"""W2L Studio in DaVinci Resolve: plain modules that its menu scripts call; `host` alone calls Resolve."""
