"""What tests stand on: people, browsers, databases, receivers, vectors."""
