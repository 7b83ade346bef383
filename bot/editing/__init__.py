"""Editors' work on the FAQ: draft, review, publish, history; what a change would win and lose."""
