"""The index, and the way back out of it."""
