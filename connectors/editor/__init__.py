"""The editor page's HTTP interface."""
