"""The command line: one thin file per command, and what a person sees while it runs."""
