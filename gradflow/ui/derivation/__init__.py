"""The page Derivation: its steps with their live numbers, and the predictions between them."""
