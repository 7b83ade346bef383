"""Knowledge: FAQ files -> checked records -> index -> the record that answers a question."""
