"""Networks as ONNX files: written, checked against PyTorch, and run by ONNX Runtime.

``graph.py`` says what goes into a file, ``export.py`` writes and checks it, ``quantise.py`` does so
in 8 bits, ``session.py`` opens it, ``engine.py`` restores with it; ``extra.py`` says whether the
extra ``onnx`` is installed.
"""
