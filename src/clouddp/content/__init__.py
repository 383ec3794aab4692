"""Content: the library, the published formats, publishing and fetching."""
