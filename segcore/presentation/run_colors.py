"""Colours of what is compared, the same in charts, frames and legends."""

RUN_A = "#2f6fed"
RUN_B = "#f08c2e"
TRUTH = "#8a8f98"

MORE_RUNS = ("#17a398", "#a259d9", "#d6456b", "#7a8b2a", "#8b5e3c", "#5f6f94", "#3f9142")
"""Colours of the runs of a chart that are neither A nor B."""
