"""Models of Hugging Face transformers whose blocks add to a residual stream."""
