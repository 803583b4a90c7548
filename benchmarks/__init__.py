"""Measurements of speed, side by side: one command each."""
