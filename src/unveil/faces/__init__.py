"""Faces in photos: found, aligned, and embedded for recognition."""
