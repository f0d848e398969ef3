"""What an admin keeps in order besides the queue: data sets, room on the disk, who did what."""
