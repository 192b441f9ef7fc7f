"""Videos: obfuscated, restored, audited; files to frames and back."""
