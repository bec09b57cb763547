"""The nouns that every other layer speaks: frozen, no I/O, no dependency on any other layer."""
