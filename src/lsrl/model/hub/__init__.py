"""A folder as the Hugging Face Hub has them: tokenizer, card, golden cases; and how it answers."""
