"""Documents become elements, chunks and vectors."""
