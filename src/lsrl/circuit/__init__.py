"""The form in which the compiler works on a program: units, what is known of them, and how they are built."""
