"""Claims with figures, measured on request: `make proof`."""
