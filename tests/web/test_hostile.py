"""The real server, asked what no page of its own asks; and what visitors leave behind."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.visitor import JSON, Visitor, form

UPLOAD, JOIN, PREDICT = "/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/run/predict"
OBFUSCATE = [None, "mosaic", 8, ""]


@pytest.fixture
def visitor(address):
    return Visitor(address)


@pytest.fixture(scope="module")
def elsewhere():
    """A server that notes what it is asked, and serves a page that asks for ours."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as running:
        running.asked = []
        running.page = b""
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


class Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page)

    def log_message(self, *_):
        """Say nothing."""


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "alive"]


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=http://127.0.0.1:{port}/",
        "/gradio_api/file=http://127.0.0.1:{port}/",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/info",
        "/gradio_api/stream/a",
        "/gradio_api/app_id",
        "/gradio_api/vibe-code",
        "/assets/../../routes.py",
        "/assets/%2e%2e/%2e%2e/routes.py",
        "/static/%2fetc/passwd",
        "/monitoring",
        "/docs",
        "/openapi.json",
    ],
)
def test_what_gradio_has_for_others_is_not_there(visitor, elsewhere, path):
    said = visitor.ask(path.format(port=elsewhere.server_port))
    assert (said.status, said.body) == (404, b"There is nothing here.\n")
    assert elsewhere.asked == []


@pytest.mark.parametrize("path", ["component_server", "process_recording", "call/x", "api/predict"])
def test_nothing_else_can_be_sent_to_gradio(visitor, path):
    assert visitor.ask(f"/gradio_api/{path}", b"{}", JSON).status == 404


@pytest.mark.parametrize(
    "file",
    [
        {"path": "http://127.0.0.1:{port}/a.png"},
        {"path": "a.png", "url": "http://127.0.0.1:{port}/a.png"},
        {"path": "/etc/passwd"},
        {"path": None, "url": "http://127.0.0.1:{port}/a.png"},
        [{"path": "/etc/passwd"}],
        {},
        "/etc/passwd",
        7,
    ],
)
def test_no_address_and_no_other_file_is_opened(visitor, elsewhere, file):
    text = json.dumps(file).replace("{port}", str(elsewhere.server_port))
    given = (
        [json.loads(text) | {"meta": {"_type": "gradio.FileData"}}, None]
        if (isinstance(file, dict))
        else [file, None]
    )
    said = visitor.question(given, visitor.numbers["photo", "upload"], PREDICT)
    assert (said.status, said.json()["detail"]) == (400, "Choose the file again: it is not here.")
    assert elsewhere.asked == []


def test_the_place_of_another_file_is_not_taken_for_an_upload(visitor, temporary):
    (path,) = visitor.send_file(b"abc").json()
    (neighbour,) = visitor.send_file(b"def").json()
    for other in (f"{path}/../../../{neighbour.rsplit('/', 2)[1]}/photo", path[: -len("/photo")]):
        given = [{"path": other, "meta": {"_type": "gradio.FileData"}}, None]
        assert visitor.question(given, visitor.numbers["photo", "upload"], PREDICT).status == 400
    assert len(files(temporary)) == 2
    for own in (path, neighbour):
        given = [{"path": own, "meta": {"_type": "gradio.FileData"}}, None]
        assert visitor.question(given, visitor.numbers["photo", "upload"], PREDICT).status == 200
    assert files(temporary) == []
    assert list(temporary.glob("unveil-serve-*/alive"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([None, None, 8, ""], "Obfuscate: what: choose from the list."),
        ([None, ["mosaic"], 8, ""], "Obfuscate: what: choose from the list."),
        ([None, "mosaic", None, ""], "Strength in pixels: enter a number."),
        ([None, "mosaic", "8", ""], "Strength in pixels: enter a number."),
        ([None, "mosaic", True, ""], "Strength in pixels: enter a number."),
        ([None, "mosaic", float("nan"), ""], "Strength in pixels: enter a number."),
        ([None, "mosaic", 1e300, ""], "Strength in pixels: 1e+300 is not from 0.5 to 64."),
        ([None, "mosaic", 8, {"a": 1}], "enter text."),
        ([None, "mosaic", 8, 101 * "9"], "at most 100 characters."),
        ([None, "mosaic", 8], "Parts of the question are missing."),
        ("abcd", "Parts of the question are missing."),
        (None, "Parts of the question are missing."),
    ],
)
def test_a_part_that_is_absent_or_of_another_kind_is_one_sentence(visitor, given, said):
    answer = visitor.question(given, visitor.numbers["obfuscate", "click"])
    assert answer.status == 400
    assert answer.json()["detail"].endswith(said)


@pytest.mark.parametrize("number", [None, "0", True, -1, 10**9, 0.0, [0]])
def test_what_is_no_question_of_the_page_is_refused(visitor, number):
    assert visitor.question(OBFUSCATE, number).status == 400


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"5", b"{}", b"[" * 10**5, b"\xff", b'{"session_hash": "../a"}']
)
def test_what_is_no_json_of_the_page_is_refused(visitor, body):
    for path in (JOIN, PREDICT, "/gradio_api/cancel"):
        assert visitor.ask(path, body, JSON).status == 400


def test_a_null_text_is_an_empty_one_and_states_are_not_told(visitor):
    said = visitor.press("obfuscate", "click", "0" * 32, "mosaic", 8, None)
    assert "Choose a photo first." in said


def test_questions_that_wait_are_not_asked_at_once(visitor):
    number = visitor.numbers["obfuscate", "click"]
    assert visitor.question(OBFUSCATE, number, PREDICT).status == 400


def test_a_visitor_cannot_end_the_questions_of_others(visitor):
    event = visitor.question(OBFUSCATE, visitor.numbers["obfuscate", "click"]).json()["event_id"]
    asked = {"session_hash": "other", "event_id": event, "fn_index": 0}
    assert visitor.ask("/gradio_api/cancel", json.dumps(asked).encode(), JSON).status == 400
    told = visitor.ask(f"/gradio_api/queue/data?session_hash={visitor.session}").body
    assert b"Choose a photo first." in told


@pytest.mark.parametrize(
    "body", [b"", b"abc", b"--x\r\nabc", form(b"a", parts=2), form(b"a", parts=1001)]
)
def test_what_is_no_form_with_one_file_is_refused(visitor, body, temporary):
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    said = visitor.ask(UPLOAD, body, kind)
    assert (said.status, said.body) == (400, b"This is no form with one file.\n")
    assert files(temporary) == []


def test_a_file_that_is_too_large_leaves_nothing(visitor, temporary):
    said = visitor.send_file(bytes(2**20 + 1))
    assert (said.status, said.body) == (413, b"The file is larger than 1 MB.\n")
    assert files(temporary) == []


def test_many_files_that_nobody_takes_give_way(visitor, temporary):
    for n in range(70):
        assert visitor.send_file(b"%d" % n).status == 200
    assert len(files(temporary)) == 64
    for _ in range(20):
        visitor.send_file(bytes(2**20))
    assert sum(path.stat().st_size for path in files(temporary)) <= 16 * 2**20
    for path in files(temporary):  # for the next test
        given = [{"path": str(path), "meta": {"_type": "gradio.FileData"}}, None]
        visitor.question(given, visitor.numbers["photo", "upload"], PREDICT)


def test_the_scripts_of_the_page_may_ask_this_server_only(visitor):
    policy = visitor.ask("/").headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "connect-src 'self' data:", "frame-ancestors 'none'"} < {*policy}


ATTACK = """
<iframe src="{page}/"></iframe><img src="{page}/favicon.ico" onload="window.got = 'picture'">
<script src="{page}/config" onload="window.got = 'script'"></script>
<script>
(async () => {{
  const form = new FormData();
  form.append("files", new File(["abc"], "a.png"));
  const ask = (path, how) => fetch("{page}" + path, how).then(
    (answer) => answer.type === "opaque" ? "opaque" : answer.status, () => "failed");
  const json = {{ "Content-Type": "application/json" }};
  window.said = [
    await ask("/config"),
    await ask("/gradio_api/upload", {{ method: "POST", body: form, mode: "no-cors" }}),
    await ask("/gradio_api/upload", {{ method: "POST", body: form }}),
    await ask("/gradio_api/queue/join", {{ method: "POST", body: "{{}}", headers: json }}),
  ];
}})();
</script>"""


@pytest.mark.slow
def test_a_page_of_another_origin_reads_sends_and_frames_nothing(
    browser, visitor, elsewhere, temporary
):
    address = f"http://{visitor.place}"
    elsewhere.page = ATTACK.format(page=address).encode()
    context = browser.new_context()
    page = context.new_page()
    statuses = []
    page.on("response", lambda got: address in got.url and statuses.append(got.status))
    page.goto(f"http://127.0.0.1:{elsewhere.server_port}")
    page.wait_for_function("window.said")
    assert page.evaluate("said") == 4 * ["failed"]
    assert set(statuses) == {403}
    assert page.evaluate("window.got") is None
    assert "unveil" not in page.frames[1].content()
    assert files(temporary) == []
    context.close()
