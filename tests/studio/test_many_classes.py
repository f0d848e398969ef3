"""Charts of very many classes show the most telling and offer all."""

from streamlit.testing.v1 import AppTest

from studio.widgets.many_classes import SHOWN, ends_of


def chart() -> None:
    import streamlit as st

    from studio.widgets.many_classes import asks_for_all

    shown = asks_for_all(st.session_state.count, "commonest and rarest", "all")
    st.markdown("all" if shown else "some")


def test_all_are_offered_where_they_are_very_many() -> None:
    app = AppTest.from_function(chart)
    app.session_state["count"] = 34
    app.run()
    assert (app.markdown[0].value, len(app.toggle)) == ("all", 0)
    app.session_state["count"] = 150
    app.run()
    assert app.markdown[0].value == "some"
    assert app.toggle[0].label == "All 150 classes"
    app.toggle[0].set_value(True).run()
    assert app.markdown[0].value == "all"


def test_the_ends_are_the_commonest_and_the_rarest() -> None:
    shown = ends_of(list(range(150)))
    assert len(shown) == SHOWN and (shown[0], shown[-1]) == (0, 149)


def learnt() -> None:
    import streamlit as st

    from studio.training.snapshots import _most_telling

    row = {"epoch": 1.0, "absent": float("nan"), **{f"class {n}": n / 150 for n in range(150)}}
    (shown,) = _most_telling([row], "all")
    st.markdown(", ".join(shown))


def test_what_was_learnt_best_and_worst_is_shown_of_very_many() -> None:
    app = AppTest.from_function(learnt).run()
    shown = app.markdown[0].value.split(", ")
    assert len(shown) == SHOWN + 1
    assert {"epoch", "class 0", "class 149"} < set(shown) and "class 75" not in shown
    app.toggle[0].set_value(True).run()
    assert len(app.markdown[0].value.split(", ")) == 152
