"""The sites: which users each knows, what was agreed, and what they are told."""
