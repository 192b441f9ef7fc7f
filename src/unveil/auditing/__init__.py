"""How much an obfuscation hides: who is named from it, by which attacker, at what strength."""
