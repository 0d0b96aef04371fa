"""The network: one budget over names, TLS and bytes, and public addresses only."""
