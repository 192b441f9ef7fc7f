"""What `unveil obfuscate` and `unveil restore` do with video files."""
