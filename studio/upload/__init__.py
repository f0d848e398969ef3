"""The Upload page's rooms."""
