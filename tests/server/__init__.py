"""`wxlogin.server`: the worker, alone with a small application."""
