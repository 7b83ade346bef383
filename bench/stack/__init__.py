"""How fast the stack is against a plain Rasa project on the same data."""
