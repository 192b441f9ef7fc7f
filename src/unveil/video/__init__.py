"""Videos: obfuscated, restored, audited; ``stream`` turns files into pictures and back."""
