"""Where a shop tells what happens to its orders."""
