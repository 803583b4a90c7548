"""The page Paths: which ways the gradient takes through an LSTM."""
