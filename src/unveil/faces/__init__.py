"""Faces in photos: detection, alignment, and embeddings for recognition."""
