"""What programs tolerate: which values limit their precision, and noise in weights."""
