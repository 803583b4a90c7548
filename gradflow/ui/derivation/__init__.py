"""The derivation's steps with their live numbers, and the predictions between them."""
