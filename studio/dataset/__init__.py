"""The Dataset page's rooms."""
