"""What the pages share: settings and their widgets, links, the two networks, words, numbers."""
