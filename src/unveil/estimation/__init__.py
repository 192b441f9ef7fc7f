"""What happened to a photo, told from the photo alone: operator, storage and place."""
