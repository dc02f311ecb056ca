"""Hypothesis must not mind a busy machine: nothing in a report depends on how long it took."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
