"""Networks: architectures, what they are told, checkpoints and the shipped weights.

``card`` and ``shipped`` say what weights are without torch.
"""
