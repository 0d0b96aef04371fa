"""What sites are told without asking: events by webhook, and back-channel logout."""
