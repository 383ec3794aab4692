"""The frozen nouns that every part shares."""
