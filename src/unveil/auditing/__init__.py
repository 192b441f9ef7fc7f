"""How much an obfuscation hides: the share of faces an attacker names."""
