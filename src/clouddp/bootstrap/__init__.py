"""Join the parts of each role; alone names concrete clouds."""
