"""A question becomes a quoted answer, or a hand-over to a person."""
