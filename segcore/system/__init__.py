"""The machine: devices, processes, memory, and work that is shared or done on the side."""
