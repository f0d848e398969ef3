"""What the data set holds and what it starves: class imbalance, samples, health."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import cache, guards, state, wording
from pages.shared.charts import show_chart
from pages.shared.labelling import Names
from pages.shared.state import RUN_A, RUN_B, Selection
from pages.shared.viewer import show_legend
from segcore import figures, findings, statistics
from segcore.errors import SegcoreError
from segcore.images import overlay, resize_image, resize_labels
from segcore.labels import EVALUATED_IDS, IDS, IGNORED_IDS, LABELS, NAMES, NO_LABEL
from segcore.preparation import Prepared, PreparedSplit, prepare

PAGE_SIZE = 12
PREVIEWED = 4
THUMBNAIL_WIDTH = 400
ANY_CLASS = "any class"

RATIO_HELP = "Pixels of the commonest class over those of the rarest that occurs, in training."
EFFECTIVE_HELP = (
    "How many equally common classes would be as diverse: exp of the entropy of the pixel shares "
    "(Hill number of order 1), over the evaluated classes."
)
DRIFT_HELP = (
    "Jensen-Shannon divergence of the evaluated classes' pixel shares, in bits: 0 where two splits "
    "hold the same, 1 where they have nothing in common."
)


# --- imbalance -----------------------------------------------------------------------------------


def shown_classes(splits: dict[str, PreparedSplit]) -> list[int]:
    """The classes that occur in any split, void left out, commonest in the first split first."""
    total = sum(split.statistics.pixels for split in splits.values())
    first = next(iter(splits.values())).statistics.pixels
    ids = [label.id for label in LABELS if total[label.id] and label.id not in IGNORED_IDS]
    return sorted(ids, key=lambda id_: (-first[id_], -total[id_]))


def show_imbalance(splits: dict[str, PreparedSplit]) -> None:
    ids = shown_classes(splits)
    pixels = {name: statistics.pixel_share(s.statistics.pixels) for name, s in splits.items()}
    images = {name: statistics.image_share(s.statistics.counts) for name, s in splits.items()}
    others = ", ".join(list(splits)[1:])
    against = f"bars: {next(iter(splits))}" + (f", diamonds: {others}" if others else "")
    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            st.subheader("Share of pixels", anchor=False)
            st.caption(f"Log scale, so that a class of a thousandth is seen at all; {against}.")
            show_chart(figures.pixel_shares(pixels, ids), "Share of pixels of each class")
        with st.container():
            st.subheader("Share of images that hold the class", anchor=False)
            st.caption(f"A class in few images is learnt from few scenes; {against}.")
            show_chart(figures.image_shares(images, ids), "Share of images holding each class")


def show_numbers(splits: dict[str, PreparedSplit]) -> None:
    train = next(iter(splits.values())).statistics
    val = splits["val"].statistics if "val" in splits else None
    evaluated = list(EVALUATED_IDS)
    ratio = statistics.imbalance_ratio(train.pixels)
    present = int((train.pixels[evaluated] > 0).sum())
    with st.grid(4, min_column_width=150):
        st.metric(
            "Imbalance ratio", f"{ratio:,.0f} : 1" if ratio else "–", help=RATIO_HELP, border=True
        )
        st.metric(
            "Effective classes",
            f"{statistics.effective_number(train.pixels):.1f}",
            help=EFFECTIVE_HELP,
            border=True,
        )
        st.metric(
            "Classes present",
            f"{present} of {len(evaluated)}",
            help="Of Cityscapes' 19 evaluation classes, those that occur in training.",
            border=True,
        )
        if val is not None and val.pixels.any():
            drift = statistics.js_divergence(train.pixels[evaluated], val.pixels[evaluated])
            st.metric("Drift train to val", f"{drift:.4f} bits", help=DRIFT_HELP, border=True)
    st.markdown("\n".join(f"- {line}" for line in findings.data_findings(train, val)))


def show_errors_explained(selection: Selection, train: statistics.SplitStatistics) -> None:
    """Pixel share against IoU, where the chosen runs are scored on this data set."""
    if selection.runs is None:
        return
    names = Names.of(*selection.runs)
    scores = []
    for run, name, color in zip(selection.runs, (names.a, names.b), (RUN_A, RUN_B), strict=True):
        report = cache.report(run, selection.dataset, state.SPLIT)
        if report is not None:
            iou = {class_: row["iou"] for class_, row in report["per_class"].items()}
            scores.append((name, color, iou))
    if not scores:
        return
    share = statistics.pixel_share(train.pixels)
    st.subheader("Does imbalance explain the errors?", anchor=False)
    st.markdown(findings.share_and_iou(share, [(name, iou) for name, _, iou in scores]))
    show_chart(figures.share_against_iou(share, scores), "Pixel share against IoU of each class")


# --- samples -------------------------------------------------------------------------------------


@st.fragment
def show_browser(prepared: Prepared) -> None:
    st.subheader("Samples", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.segmented_control(
            "Split", list(prepared.splits), default=next(iter(prepared.splits)), required=True
        )
        split = prepared.splits[name]
        holding = split.statistics.images_with
        ids = [id_ for id_ in shown_classes(prepared.splits) if holding[id_]]
        chosen = st.selectbox(
            "Holds the class",
            [ANY_CLASS, *(NAMES[id_] for id_ in ids)],
            format_func=lambda class_: (
                class_ if class_ == ANY_CLASS else f"{class_} ({holding[IDS[class_]]} images)"
            ),
            width=240,
        )
        opacity = st.slider("Mask opacity", 0, 100, 55, 5, format="%d %%", width=200)
        alone = chosen != ANY_CLASS and st.toggle("Only this class's mask")
    id_ = None if chosen == ANY_CLASS else IDS[chosen]
    order = sample_order(split.statistics, id_)
    if id_ is not None:
        show_class(split.statistics, id_)
    pages = max(1, -(-len(order) // PAGE_SIZE))
    page = st.pagination(pages, key=f"samples_{prepared.spec}_{name}_{chosen}")
    on_page = order[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    with st.grid(4, min_column_width=150):
        for index in on_page:
            mask = None if split.masks is None else split.masks[index]
            if mask is not None and alone:
                mask = np.where(mask == id_, mask, NO_LABEL).astype(np.uint8)
            show_thumbnail(
                split.images[index],
                mask,
                opacity / 100,
                sample_caption(split, index, id_),
            )
    if split.masks is not None:
        show_page_legend(split.statistics.counts[on_page].sum(axis=0))


def sample_order(counted: statistics.SplitStatistics, id_: int | None) -> np.ndarray:
    """Indices of the samples: all, or those of a class, most of it first.

    All are shuffled, always alike: neighbouring frames of a film look the same.
    """
    if id_ is None:
        return np.random.default_rng(0).permutation(counted.images)
    share = counted.counts[:, id_] / np.maximum(counted.counts.sum(axis=1), 1)
    order: np.ndarray = np.argsort(-share, kind="stable")
    return order[share[order] > 0]


def sample_caption(split: PreparedSplit, index: int, id_: int | None) -> str:
    key = split.keys[index]
    if id_ is None:
        return key
    counts = split.statistics.counts[index]
    return f"{wording.share(counts[id_] / max(int(counts.sum()), 1))} · {key}"


def show_class(counted: statistics.SplitStatistics, id_: int) -> None:
    """Where in the image a class lives, over all images of the split."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(width=320):
            show_chart(
                figures.location_map(counted.location[id_], LABELS[id_].hex_color),
                f"Where {NAMES[id_]} lives in the image",
            )
        share = statistics.pixel_share(counted.pixels)[id_]
        st.markdown(
            f"**Where {NAMES[id_]} lives**, over all {counted.images} images of the split.  \n"
            f"{wording.share(share)} of the pixels, in {int(counted.images_with[id_])} images; "
            "those that show most of it come first.",
            width=360,
        )


def show_thumbnail(
    image: np.ndarray, mask: np.ndarray | None, opacity: float, caption: str
) -> None:
    height, width = image.shape[:2]
    size = (round(height * THUMBNAIL_WIDTH / width), THUMBNAIL_WIDTH)
    picture = resize_image(np.asarray(image), size)
    if mask is not None:
        picture = overlay(picture, resize_labels(np.asarray(mask), size), opacity)
    st.image(picture, caption=caption, width="stretch", output_format="JPEG", alt=caption)


def show_page_legend(pixels: np.ndarray) -> None:
    """Names of the colours in the pictures shown, with their share of these pictures."""
    share = statistics.pixel_share(pixels)
    ids = [id_ for id_ in np.argsort(-share) if share[id_] and id_ not in IGNORED_IDS]
    show_legend([(LABELS[id_].hex_color, NAMES[id_], wording.share(share[id_])) for id_ in ids])


# --- health --------------------------------------------------------------------------------------


def show_health(splits: dict[str, PreparedSplit]) -> None:
    st.subheader("Data health", anchor=False)
    reports = {name: split.health for name, split in splits.items()}
    checked = ", ".join(f"{name} {health.checked}" for name, health in reports.items())
    if all(health.is_healthy for health in reports.values()):
        st.success(f"Every sample can be used ({checked}).", icon=":material/check_circle:")
        return
    left_out = sum(len(health.findings) for health in reports.values())
    st.warning(f"{left_out} samples were left out ({checked} checked).", icon=":material/warning:")
    rows = [
        {"Split": name, "Problem": problem.value, "Sample": finding.key, "What": finding.message}
        for name, health in reports.items()
        for problem, found in health.by_problem().items()
        for finding in found
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


# --- a data set that is not prepared yet ---------------------------------------------------------


def show_preparation(selection: Selection) -> None:
    name = wording.data_name(selection.dataset)
    st.title(f"{name} is not prepared on this machine", anchor=False)
    st.markdown(
        "Preparing reads every picture once, counts its classes, checks it, and keeps both as "
        "arrays that open at once. It takes a minute or two for a few hundred pictures; "
        "interrupted, it goes on where it stopped."
    )
    if st.button("Prepare now", type="primary", icon=":material/play_arrow:"):
        run_preparation(selection.spec)
    st.caption("Or from the command line:")
    st.code(f"python -m segcore prepare --data {selection.spec}", language="bash")
    show_preview(selection)


def run_preparation(spec: str) -> None:
    bar = st.progress(0.0, "Looking at the files…")

    def report(split: str, done: int, total: int) -> None:
        bar.progress(done / max(total, 1), f"Preparing {split}: {done} of {total} pictures")

    try:
        prepare(spec, progress=report)
    except SegcoreError as error:
        bar.empty()
        st.error(str(error))
        return
    st.rerun()


def show_preview(selection: Selection) -> None:
    """A few samples straight from the source."""
    split = cache.splits(selection.spec)[0]
    samples = cache.samples(selection.spec, split)
    st.subheader("A first look", anchor=False)
    with st.grid(4, min_column_width=150):
        for index in range(0, len(samples), max(1, len(samples) // PREVIEWED))[:PREVIEWED]:
            sample = cache.sample(selection.spec, split, samples.keys[index])
            show_thumbnail(sample.image, sample.mask, 0.55, sample.key)


def show_prepared(selection: Selection, prepared: Prepared) -> None:
    masked = {
        name: split
        for name, split in prepared.splits.items()
        if split.masks is not None and split.statistics.pixels.any()
    }
    counts = ", ".join(f"{len(split.keys)} {name}" for name, split in prepared.splits.items())
    height, width = prepared.size
    where = (
        f"{wording.data_name(selection.dataset)}: {counts} images, arrays of {width}x{height}; "
        "shares are of all pixels at the masks' own resolution, counted once."
    )
    if not masked:
        st.title("This data set has no masks: there is nothing to count", anchor=False)
        st.caption(where)
    else:
        train = next(iter(masked.values())).statistics
        st.title(findings.imbalance(train), anchor=False)
        st.caption(where)
        show_imbalance(masked)
        show_numbers(masked)
        show_errors_explained(selection, train)
    show_browser(prepared)
    show_health(prepared.splits)


def main() -> None:
    selection = state.selection()
    if selection.problem is not None:
        st.title(f"{wording.data_name(selection.dataset)} is not on this machine", anchor=False)
    guards.require_pictures(selection)
    try:
        prepared = cache.prepared(selection.spec)
        if prepared is None or cache.splits(selection.spec)[0] not in prepared.splits:
            show_preparation(selection)
        else:
            show_prepared(selection, prepared)
    except SegcoreError as error:
        st.error(str(error))


main()
