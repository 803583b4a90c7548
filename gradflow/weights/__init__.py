"""Weights from files: the formats, the names of PyTorch and Keras, and the cells they make."""
