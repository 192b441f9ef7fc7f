"""Undoing a degradation: restorers, choosing one, the pipeline.

Start reading at ``pipeline.py``, whose function ``restore`` every command calls.
"""
