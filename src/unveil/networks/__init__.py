"""Networks: contract, architectures, checkpoints, the shipped weights.

``card`` and ``shipped`` describe weights without importing torch.
"""
