"""How close images are to the clean ones: metrics, and what people choose."""
