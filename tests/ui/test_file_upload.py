"""What an uploader says of the file that was read last."""

from streamlit.testing.v1 import AppTest


def page():
    from gradflow.ui.shared.file_upload import draw_upload

    def take(data):
        if data is None:
            return "No file."
        if data == b"bad":
            raise ValueError("x must be <b>good</b>. Got bad.")
        return f"**{len(data)}** bytes"

    draw_upload("A file", "a_file", take, 1, "Any file.", ["txt"])


def said(app):
    assert not app.exception
    return [box.value for box in (*app.error, *app.caption)]


def test_it_is_said_why_a_file_cannot_be_read_and_what_is_read():
    app = AppTest.from_function(page).run()
    assert said(app) == []
    app.file_uploader(key="a_file").set_value(("a.txt", b"bad", "text/plain")).run()
    assert said(app) == ["x must be \\<b\\>good\\</b\\>\\. Got bad\\."]
    app.file_uploader(key="a_file").set_value(("b.txt", b"four", "text/plain")).run()
    assert said(app) == ["**4** bytes"]
