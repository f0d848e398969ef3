"""What the first visitor would wait for, made when the server starts."""

import importlib

import numpy as np

from pages.shared import cache, engine, state
from segcore import runs
from segcore.errors import SegcoreError


def make_ready() -> None:
    """Scores, the first picture and both champions' labels of it, as far as none takes Keras."""
    engine.start()
    try:
        champions = list(runs.champions(engine.BUILT_IN).values())
        if len(champions) == 2:
            cache.comparison_report(*champions, engine.BUILT_IN, state.SPLIT)
        engine.FIRST.thread.join()
        ready = champions if engine.is_ready(*champions) else []
        for run in ready:
            predictor = cache.predictor(run)
            blank = np.zeros((*predictor.preprocessing.size, 3), np.uint8)
            cache.label(predictor, blank)  # builds the network, so that the next time is right
        samples = cache.samples(engine.BUILT_IN, state.SPLIT)
        first = cache.sample(engine.BUILT_IN, state.SPLIT, samples.keys[0]).image
        for run in ready:
            cache.predict(run, first)
    except SegcoreError:
        return  # whoever opens a page is told
    importlib.import_module("pandas")  # for the tables of the other pages
