"""What the pages share: caches, the chosen data set and runs, the viewer, the loading of Keras."""
