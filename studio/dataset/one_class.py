"""One class closely: where it lives, how large it is, what it is seen with."""

import streamlit as st

from segcore.labels import LabelSpace
from segcore.presentation import figures, findings
from studio import cache
from studio.dataset.imbalance import Splits, shown_classes
from studio.errors import fragment
from studio.widgets.charts import show_chart, unfolding


@fragment
def show_class(splits: Splits, space: LabelSpace) -> None:
    ids = shown_classes(splits, space)
    held = next(iter(splits.values())).statistics.pixels
    evaluated = [id_ for id_ in ids if id_ in space.evaluated_ids and held[id_]] or ids
    chosen = st.selectbox(
        "Class",
        [space.names[id_] for id_ in ids],
        index=ids.index(evaluated[-1]),  # the rarest in training
        key="dataset_class",
        width=240,
        label_visibility="collapsed",
    )
    id_ = space.ids[chosen]
    st.markdown(findings.one_class(id_, {name: s.statistics for name, s in splits.items()}, space))
    first = next(iter(splits.values())).statistics
    with st.grid(2, min_column_width=300, gap="medium"):
        with st.container():
            st.caption(f"Where {chosen} appears in the image, share at each position")
            figure = cache.drawn(
                figures.location_map, first.location[id_], space.by_id[id_].hex_color
            )
            show_chart(figure, f"Where {chosen} appears in the image", "class_place")
        with st.container():
            st.caption("Sizes of its connected regions, share of them")
            sizes = {name: split.statistics.regions[id_] for name, split in splits.items()}
            figure = cache.drawn(figures.region_sizes, sizes, space.by_id[id_].hex_color)
            show_chart(figure, f"Sizes of the regions of {chosen}", "class_sizes")
    with unfolding("Which classes are seen together", "dataset_together") as unfolded:
        if unfolded:
            show_chart(
                cache.drawn(figures.seen_together, first.cooccurrence, ids, space),
                "Which classes occur in the same images",
                "class_together",
            )
