"""Git's own hooks: what is written into which folder or configuration, what was there, and whether it works."""
