"""What happened to a photo, estimated from it: operator, place, storage."""
