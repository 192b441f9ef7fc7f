"""Photo files and their pixels: formats, colour, tensors, boxes."""
