"""The calls of a server: what they check and answer, and how it is written."""
