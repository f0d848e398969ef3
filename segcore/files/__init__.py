"""Files: written atomically, read within bounds, locked."""
