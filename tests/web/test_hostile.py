"""The real server, asked what no page of its own asks."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.visitor import FORM, Visitor, form, free_port

pytest.importorskip("starlette", reason="the extra web is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture
def visitor(address):
    return Visitor(address)


@pytest.fixture(scope="module")
def elsewhere():
    """A server that serves a page that asks for ours."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as running:
        running.page = b""
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


class Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page)

    def log_message(self, *_):
        """Say nothing."""


@pytest.mark.parametrize(
    "path",
    [
        "/page/app.js",
        "/../answers.py",
        "/%2e%2e/answers.py",
        "/app.js/",
        "//app.js",
        "/docs",
        "/api",
    ],
)
def test_nothing_but_the_page_is_there(visitor, path):
    said = visitor.ask(path)
    assert (said.status, said.body) == (404, b"There is nothing here.\n")


def test_endpoints_are_asked_by_forms_alone(visitor):
    said = visitor.ask("/api/restore")
    assert (said.status, said.headers["Allow"], said.body) == (405, "POST", b"Use POST.\n")
    assert visitor.ask("/api/train", form([("file", b"a")]), FORM).status == 404
    assert visitor.ask("/app.js", b"a").status == 405


def test_the_scripts_of_the_page_may_ask_this_server_only(visitor):
    policy = visitor.ask("/").headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} < {*policy}
    assert "frame-ancestors 'none'" in policy
    assert not any("unsafe" in one for one in policy)


ATTACK = """
<iframe src="{page}/"></iframe><img src="{page}/icon.svg" onload="window.got = 'picture'">
<script src="{page}/chart.js" onload="window.got = 'script'"></script>
<script>
(async () => {{
  const form = new FormData();
  form.append("file", new File(["abc"], "a.png"));
  const ask = (path, how) => fetch("{page}" + path, how).then(
    (answer) => answer.type === "opaque" ? "opaque" : answer.status, () => "failed");
  window.said = [
    await ask("/openapi.json"),
    await ask("/api/audit", {{ method: "POST", body: form, mode: "no-cors" }}),
    await ask("/api/audit", {{ method: "POST", body: form }}),
    await ask("/api/audit", {{ method: "POST", body: "{{}}", headers: {{ "X-Own": "1" }} }}),
  ];
}})();
</script>"""


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
    context.close()
    assert [path.name for path in temporary.rglob("*") if path.is_file()] == ["alive"]


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """A server for other machines, and its token."""
    words = ["--port", str(free_port()), "--host", "127.0.0.2", "--name", "unveil.test"]
    with subprocess.Popen(
        [sys.executable, "-m", "unveil", "serve", *words], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            address, _, token = server.stdout.readline().split()[0].partition("/#token=")
            assert len(token) > 40
            yield Visitor(address), token
        finally:
            server.terminate()


@pytest.mark.parametrize(
    "given", ["", "Bearer ", "Bearer x", "Basic {token}", "Bearer {token}x", "{token}"]
)
def test_without_the_token_nothing_is_answered(public, given):
    visitor, token = public
    headers = {"Authorization": given.format(token=token)} if given else {}
    said = visitor.send("audit", b"a", headers=headers)
    assert (said.status, said.body) == (401, b"This needs the token that the server printed.\n")
    assert said.headers["WWW-Authenticate"] == "Bearer"


def test_with_the_token_and_a_name_it_is_answered_but_not_for_other_pages(public):
    visitor, token = public
    for scheme in ("Bearer", "bearer", "BEARER "):
        known = {"Authorization": f"{scheme} {token}", "Host": "unveil.test:8000"}
        assert visitor.send("audit", b"a", headers=known).status == 422
    assert visitor.ask("/", headers=known).status == 200
    said = visitor.send("audit", b"a", headers=known | {"Host": "evil.test"})
    assert (said.status, said.body) == (403, b"This page is at unveil.test only.\n")
    stolen = known | {"Origin": "http://evil.test"}
    assert visitor.send("audit", b"a", headers=stolen).status == 403


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--name", "unveil.test"], "--name is for pages that others reach"),
        (["--port", "0"], "--port 0 must be from 1 to 65535."),
        (["--max-mb", "0"], "the limits of the page must be above 0."),
    ],
)
def test_what_does_not_go_together_is_said(cli, words, said):
    done = cli("serve", *words)
    assert done.status == 2
    assert said in done.err
