"""Networks as ONNX files: written, checked against PyTorch, and run by ONNX Runtime.

``extra.py`` says whether the extra ``onnx`` is installed, ``graph.py`` what goes into a file,
``export.py`` writes and checks it, ``session.py`` opens it.
"""
