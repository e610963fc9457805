"""What an evaluation found, as a file for machines and a page for people."""
