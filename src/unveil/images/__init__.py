"""Photo files and their pixels: formats, colour profiles, 16 bits, tensors, boxes."""
