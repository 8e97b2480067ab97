"""Architectures that a circuit can be assembled into."""
