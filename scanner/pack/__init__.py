"""Reads git's object database itself: indexes, packs and deltas, many objects at a time.

Nothing here is believed: what a pack says of itself is checked, and what is odd in any way is left to git
(scanner.sources.packed), which knows best whether it is damage. Needs numpy, isal and dulwich (extra `history`).
"""
