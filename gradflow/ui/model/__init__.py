"""The page "Your model": its settings, what is uploaded, the runs, and what is said of them."""
