"""The component of the page's charts, with its script and its style."""
