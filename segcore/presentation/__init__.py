"""What pages, the report and the command line say and draw alike."""
