"""What every trainer reads, and how it is made: packs of clips from videos, their splits, their shards."""
