"""Undoing a degradation: restorers by name, the choice of one, and the pipeline that runs it."""
