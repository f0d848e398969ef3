"""What the two runs cost."""

import pandas as pd
import streamlit as st

from pages.shared import cache, wording
from pages.shared.labelling import Names
from segcore.runs import Run


def show_cost(runs: tuple[Run, Run]) -> None:
    names = Names.of(*runs)
    rows = []
    for name, run in zip((f"A · {names.a}", f"B · {names.b}"), runs, strict=True):
        weights = run.manifest["weights"].get("best.weights.h5", {})
        height, width = run.manifest["preprocessing"]["size"]
        rows.append(
            {
                "Run": name,
                "Parameters": wording.count(run.parameters),
                "On disk, MB": weights.get("bytes", 0) / 1e6,
                "Trained, minutes": sum(row["seconds"] for row in cache.history(run)) / 60,
                "Epochs": run.manifest["epochs"],
                "Input": f"{width}x{height}",
                "Trained on": run.manifest.get("device", "–"),
                "Name": run.name,
            }
        )
    st.subheader("What they cost", anchor=False)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "On disk, MB": st.column_config.NumberColumn(format="%.1f"),
            "Trained, minutes": st.column_config.NumberColumn(format="%.0f"),
        },
    )
