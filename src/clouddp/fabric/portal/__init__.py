"""The fabric's portal: pages for people."""
