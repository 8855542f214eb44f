"""People, villages and projects that do not exist, for trying everything out."""
