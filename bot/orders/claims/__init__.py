"""What a customer may want after a delivery: return, exchange, report, invoice; each ends in a case."""
