"""The Compare page's rooms."""
