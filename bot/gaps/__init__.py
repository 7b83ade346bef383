"""What customers asked in vain: collected, clustered, ranked, and what editors did about it."""
