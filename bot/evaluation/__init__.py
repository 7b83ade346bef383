"""Measures understanding on files of one's own: what ``yingda eval`` prints."""
