"""The page Compare: an RNN and an LSTM side by side, and one cell of their heatmaps explained."""
