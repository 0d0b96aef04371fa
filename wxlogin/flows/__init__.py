"""One file per journey, no HTTP in it."""
