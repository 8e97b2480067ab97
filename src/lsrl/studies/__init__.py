"""Studies: how stable compiled networks are, and why."""
