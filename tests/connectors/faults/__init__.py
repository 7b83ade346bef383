"""Fault injection: the app in a process of its own, killed with SIGKILL while the platform misbehaves."""
