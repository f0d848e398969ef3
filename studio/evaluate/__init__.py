"""The Evaluation page's rooms."""
