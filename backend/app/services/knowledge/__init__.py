"""Knowledge bases: articles to retrieve from, imported once, versioned by content."""
