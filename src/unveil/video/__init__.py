"""Obfuscation, restoration and audit of videos."""
