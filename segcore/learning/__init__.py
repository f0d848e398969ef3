"""The parts of a training: what changes a batch, what steers a step, what scores an epoch."""
