"""Networks as ONNX files: exported, checked, run by ONNX Runtime.

``graph.py`` defines the content of a file, ``export.py`` writes and checks it, ``quantise.py`` does
so in 8 bits, ``session.py`` opens it, ``engine.py`` restores with it.
"""
