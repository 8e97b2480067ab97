"""What a user holds: compiling, compiled models, their verification, and their folders."""
