"""The Training page's rooms."""
