"""The desk's web side: sign-in, the HTTP interface, live updates."""
