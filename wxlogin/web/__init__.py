"""The HTTP edge: parse, call a flow, render."""
