"""Fits signals to probabilities on an owner's own questions, and notices when that wears off."""
