"""What a person looks at: drawings of programs, networks and traces, plots, the demo's report."""
