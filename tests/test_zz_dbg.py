import sys; sys.path.insert(0,"/work/main/tests"); sys.path.insert(0,"/work/main")
from test_pages import *
from conftest import *
def test_dbg(two_runs, camvid):
    app = open_page("overview", data="camvid")
    print("1", app.query_params.to_dict() if hasattr(app.query_params,'to_dict') else app.query_params, dict(app.session_state.filtered_state))
    app.sidebar.selectbox(key=state.B).set_value(RUN_A).run()
    print("2", app.query_params, app.exception, dict(app.session_state.filtered_state))
    camvid.rename(camvid.with_name("moved"))
    app = open_page("compare", data="camvid")
    print([b.label for b in app.button], app.error, app.exception)
    app.button[0].click().run()
    print("3", app.exception, app.main, app.sidebar)
