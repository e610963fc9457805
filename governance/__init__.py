"""Who may see what, what was approved, what was done."""
