"""Orders: the order book, the identity check, what customers hear, the demo shop."""
