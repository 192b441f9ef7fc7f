"""Networks: the contract, the architectures, checkpoints and the shipped weights.

``card`` and ``shipped`` describe weights without importing torch.
"""
