"""Presenting to an audience: seven stations in large type, told in the order of the story.

`?present=3` is the third station. The arrow keys go from one to the next; ending leaves the page as
it is.
"""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from segcore.models import SPECS
from studio.widgets.parts import PART

PRESENT = "present"
"""Name in the address of the station's number, from 1."""

STYLE = Path(__file__).with_suffix(".css")

CHART_FONT = 20  # pixels
CHART_GROWTH = 1.5


@dataclass(frozen=True)
class Station:
    """A page, or a part of it, and what is told there.

    Attributes:
        sentence: for the audience.
        notes: for the speaker.
    """

    title: str
    page: str
    sentence: str
    notes: str
    part: str | None = None


DATA = Station(
    "Data",
    "pages/dataset.py",
    "Each pixel of an image has a class: that is what both networks learn from.",
    "Show one image with its mask. Somebody gave every pixel a class; for a photograph that takes "
    "an hour by hand, a rendered street comes with it. Say which of the two is on the screen.",
    part="Pictures",
)
IMBALANCE = Station(
    "Imbalance",
    "pages/dataset.py",
    "A few classes cover most pixels, and the ones that matter most cover few.",
    "Read out the longest and the shortest bar; the axis is logarithmic, so each line is ten times "
    "as much. A network that never says 'person' is still right on almost every pixel. So pixel "
    "accuracy says little, and the scores that follow give every class the same weight.",
    part="Imbalance",
)
NETWORKS = Station(
    "Networks",
    "pages/overview.py",
    "Both go down to coarse features and back up to each pixel; one of them starts with knowledge.",
    " ".join(
        [
            "Follow an image from left to right.",
            *(spec.remark for spec in SPECS.values() if spec.remark),
        ]
    ),
)
LEARNING = Station(
    "Learning",
    "pages/training.py",
    "Training and validation curves show who learns faster, and whether it lasts.",
    "These two learned from the start, on the same images for the same number of steps: the U-Net "
    "from random weights, the DANet from ImageNet's. Point at the first epoch: that is where "
    "pretraining shows. Where the training curve rises and the validation curve does not, a "
    "network learns its images by heart: overfitting. Where there is no such pair, the champions "
    "are shown; the text below the chart says what they went on from.",
    part="Curves",
)
SIDE_BY_SIDE = Station(
    "Side by side",
    "pages/compare.py",
    "The same image, labelled by both: look at what is thin, far away or rare.",
    "Point at poles, signs and people; the table says which class differs most. Take another image "
    "from the gallery, one that the audience chooses.",
)
YOUR_PHOTO = Station(
    "Your photo",
    "pages/upload.py",
    "A photo that no network has seen: what is left of the score?",
    "Drop a photo of a street near here, or take one with the camera. It is not stored. The last "
    "line of the page says what to expect of it: the score on films that were left out.",
)
VERDICT = Station(
    "Verdict",
    "pages/overview.py",
    "Who is better, by how much, and what pretraining is worth away from home.",
    "The first figure is of the images on which the best epochs were chosen, the last of films "
    "that neither network was trained on. The interval says whether the difference could be "
    "chance. End with the bars of the unseen films: that difference is what pretraining is worth.",
)
STATIONS = (DATA, IMBALANCE, NETWORKS, LEARNING, SIDE_BY_SIDE, YOUR_PHOTO, VERDICT)


def station() -> Station | None:
    """The station that the address names; None where nobody presents."""
    named = st.query_params.get(PRESENT, "")
    number = int(named) if named.isascii() and named.isdigit() and len(named) < 3 else 0
    return STATIONS[number - 1] if 0 < number <= len(STATIONS) else None


def offer() -> None:
    """The way into presenting, in the sidebar."""
    with st.sidebar:
        if st.button(
            "Present",
            icon=":material/slideshow:",
            type="tertiary",
            help="Seven stations in large type, for a projector.",
        ):
            _go(0)


def show_bar() -> None:
    """Above the page: where we are, the sentence for the audience, and the way on."""
    here = station()
    if here is None:
        return
    number = STATIONS.index(here)
    st.html(STYLE)
    last = len(STATIONS) - 1
    with st.container(key="presenting"):
        back, words, following, end = st.columns([2, 11, 2, 2], vertical_alignment="center")
        words.markdown(f"**{number + 1} of {len(STATIONS)} · {here.title}** {here.sentence}")
        if back.button("Back", shortcut="Left", disabled=number == 0, width="stretch"):
            _go(number - 1)
        if following.button("Next", shortcut="Right", disabled=number == last, width="stretch"):
            _go(number + 1)
        end.button("End", on_click=_end, help="Back to the page as it was", width="stretch")


def show_notes() -> None:
    """Below the page: what the speaker may say."""
    here = station()
    if here is not None:
        with st.expander("Speaker's notes", icon=":material/speaker_notes:", key="notes"):
            st.markdown(here.notes)


def _go(number: int) -> None:
    to = STATIONS[number]
    # What is compared goes along: `studio.state` writes it into the new page's address.
    address = {PRESENT: str(number + 1)} | ({PART: to.part} if to.part else {})
    st.switch_page(to.page, query_params=address)


def _end() -> None:
    del st.query_params[PRESENT]
