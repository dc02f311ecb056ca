"""Views of a text: the same bytes with an encoding taken off, and the way back to where they stand. Pure."""
