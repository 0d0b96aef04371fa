"""One small file per security concern."""
