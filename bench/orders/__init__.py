"""How soon after an order event the customer's card lies in the outbox."""
