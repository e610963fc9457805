"""The command line, one module a noun: each builds its parser and runs its commands."""
