"""Hugging Face transformers models whose blocks add to a residual stream."""
