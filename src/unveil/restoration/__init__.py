"""Undoing a degradation: restorers, choosing one, the pipeline.

Start reading at ``pipeline.py``: commands, page and Python all restore by it.
"""
