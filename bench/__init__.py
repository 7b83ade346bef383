"""Measurements of Yingda; each folder measures one thing and says in its README what it found."""
