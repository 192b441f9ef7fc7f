"""Pictures as people have them, drawn for training: a subject, hidden in parts, then a journey."""
