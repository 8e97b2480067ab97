"""What programs stand: which values limit their precision, and noise in weights."""
