"""A shop's own order API as the order book: its client, and the copy that helps while it is down."""
