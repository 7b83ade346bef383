"""One customer on several channels: link codes, joined conversations, and who is recognised."""
