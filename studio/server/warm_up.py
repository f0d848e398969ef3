"""What the first visitor would wait for, made when the server starts."""

import importlib
import inspect
from concurrent.futures import ThreadPoolExecutor

from segcore import runs
from segcore.data.known_data_sets import STREETS
from segcore.errors import SegcoreError
from studio import cache, choices, engine

PATIENCE_SECONDS = 1.5
"""How long the first visitor is waited for, who is shown a page before networks are loaded."""


def make_ready() -> None:
    """Scores, the first image and both champions' labels of it, as far as none takes Keras.

    What can be read comes first. A browser that opens with the server needs all that two cores can
    give until it has drawn that.
    """
    try:
        inspect.stack()  # Streamlit calls it at its first element; the next time it takes a tenth
        sets = choices.data_sets()
        champions = list(runs.champions(STREETS).values())
        if len(champions) == 2:
            a, b = champions
            cache.comparison(a, b, sets[STREETS], choices.SPLIT)
        engine.FIRST.asked.wait(PATIENCE_SECONDS)
        engine.start()
        engine.FIRST.thread.join()
        # Each is built by little more than one core, while the page renders the first image.
        if engine.FIRST.title == engine.OPENVINO:
            with ThreadPoolExecutor() as together:
                list(together.map(cache.warm_up, champions))
        samples = cache.samples(STREETS, choices.SPLIT)
        first = cache.sample(STREETS, choices.SPLIT, samples.keys[0]).image
        for run in champions if engine.is_ready(*champions) else []:
            cache.predict(run, first)
    except SegcoreError:
        return  # said when a page is opened
    importlib.import_module("pandas")  # for the tables of the other pages
