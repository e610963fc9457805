"""Measures the floors below."""
