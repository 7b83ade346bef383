"""The support domain: language, knowledge, orders, conversations. No web framework, no channel."""
