"""Attacks by HTML mail: no script runs, no request leaves, nothing of ours is touched, and the text stays.

Every vector of ../shared/corpora/html is shown by the real `message-body.js` in a real Chromium under the real policies. Three watchers:
a listening canary that every foreign host name resolves to, the browser's own list of requests, and traps in every window for
scripts (dialogs, flags, console). The pages come from the built server; with PAGES_ONLY=1 from a small server in this file that sends the
same policies, so that the pages can be worked on without a build.
"""
import http.server
import json
import mimetypes
import os
import pathlib
import socket
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpora" / "html"
PURIFY = "/usr/share/nodejs/dompurify/dist/purify.es.js"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; frame-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify"
)
FRAME_POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
BATCH = 12


class Pages(http.server.BaseHTTPRequestHandler):
    """Public/ with the product's policies, an empty page to work in, and an image proxy that answers with one pixel."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/":
            body, kind = b"<!doctype html><html lang=en><title>Safety</title><link rel=stylesheet href=/css/tokens.css><body></body></html>", "text/html"
        elif path == "/vendor/purify.js":
            body, kind = pathlib.Path(PURIFY).read_bytes(), "text/javascript"
        elif path == "/api/v1/image":
            body, kind = PIXEL, "image/png"
        else:
            file = (ROOT / "Public" / path.lstrip("/")).resolve()
            if not file.is_relative_to(ROOT / "Public") or not file.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body, kind = file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self.send_response(200)
        self.send_header("Content-Type", kind + ("; charset=utf-8" if kind.startswith("text/") else ""))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", FRAME_POLICY if path == "/message-frame.html" else PAGE_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63606060f80f0001040100a5f645400000000049454e44ae426082"
)


class Canary:
    """Listens where every foreign name leads; whoever knocks has left the message."""

    def __init__(self):
        self.knocks = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.settimeout(0.5)
            try:
                self.knocks.append(connection.recv(400).decode("latin-1").split("\r\n")[0])
            except OSError:
                self.knocks.append("(a connection)")
            connection.close()


def read_vectors():
    for path in sorted((CORPUS / "vectors").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield json.loads(line)


# Runs in the page: shows the messages of one batch and reports what can be seen from outside their frames.
SHOW = r"""
async ({messages, consent}) => {
  const { renderMessageBody } = await import('/js/mail/message-body.js');
  await (await import('/js/mail/sanitize.js')).loadSanitizer();
  const stage = document.body;
  const before = { title: document.title, location: location.href, children: document.querySelectorAll('*').length, names: Object.keys(window).length };
  const shown = messages.map(({ id, html }) => {
    const email = {
      id, from: [{ name: null, email: `${id}@attacker.example` }], attachments: [],
      htmlBody: [{ partId: '1', type: 'text/html' }, { partId: '2', type: 'text/html' }], textBody: [],
      bodyValues: { 1: { value: html }, 2: { value: '<p class="following">FOLLOWING-PART</p>' } },
    };
    const body = renderMessageBody({ openComposer() {} }, email);
    stage.append(body.root);
    return { id, body };
  });
  await Promise.all(shown.map(({ body }) => body.ready));
  if (consent) {
    for (const { body } of shown) body.root.querySelector('.message-body-bar button')?.click();
  }
  await new Promise((go) => setTimeout(go, 220));
  // A mouse passes over everything, and what could be focused or opened is.
  for (const { body } of shown) {
    const inner = body.root.querySelector('iframe').contentDocument;
    for (const element of inner.querySelectorAll('*')) {
      for (const type of ['mouseover', 'mouseenter', 'pointerrawupdate', 'focus', 'toggle', 'animationstart', 'load', 'error', 'scroll'])
        element.dispatchEvent(new Event(type));
    }
  }
  await new Promise((go) => setTimeout(go, 60));
  const reports = shown.map(({ id, body }) => {
    const frame = body.root.querySelector('iframe');
    const inner = frame.contentDocument;
    const view = frame.contentWindow;
    const attributes = [];
    const positions = [];
    for (const element of inner.body ? inner.querySelectorAll('body, body *') : []) {
      for (const { name, value } of element.attributes) attributes.push([element.localName, name, value]);
      const style = view.getComputedStyle(element);
      if (!element.classList.contains('mp-part') && !['static', 'relative'].includes(style.position)) positions.push([element.localName, style.position]);
    }
    const links = [...inner.querySelectorAll('a[href], area[href]')].map((a) => ({
      href: a.getAttribute('href'), target: a.target, rel: a.rel, title: a.title, protocol: a.protocol }));
    const following = inner.querySelector('.following');
    const box = frame.getBoundingClientRect();
    return {
      id, links, attributes, positions,
      address: inner.location.href,
      sandbox: frame.getAttribute('sandbox'),
      tags: [...new Set([...inner.querySelectorAll('body *')].map((e) => e.localName))],
      namespaces: [...new Set([...inner.querySelectorAll('*')].map((e) => e.namespaceURI))],
      text: inner.querySelector('.mp-part')?.textContent ?? '',
      shownText: inner.querySelector('.mp-root')?.innerText ?? '',
      css: [...inner.querySelectorAll('body style')].map((s) => s.textContent).join('\n'),
      rules: [...inner.querySelectorAll('body style')].reduce((n, s) => n + (s.sheet?.cssRules.length ?? 0), 0),
      images: [...inner.querySelectorAll('img')].map((i) => i.getAttribute('src') ?? ''),
      following: following ? { inside: following.closest('a, form, textarea, select, title, style')?.localName ?? '', height: following.getBoundingClientRect().height } : null,
      height: box.height, right: box.right,
      flags: ['xss', '__xss', 'xssed', 'pwned', 'alerted'].filter((name) => name in view || name in window),
      colors: [...inner.querySelectorAll('.mp-part:first-child *')].map((e) => view.getComputedStyle(e).color),
      bold: [...inner.querySelectorAll('.mp-part:first-child *')].some((e) => Number(view.getComputedStyle(e).fontWeight) >= 600),
      loaded: [...inner.querySelectorAll('img')].map((i) => i.naturalWidth),
      innerWidth: view.innerWidth,
    };
  });
  for (const { body } of shown) body.destroy();
  const after = { title: document.title, location: location.href, children: document.querySelectorAll('*').length, names: Object.keys(window).length };
  return { reports, before, after };
}
"""

UNSAFE_TAGS = {
    "script", "iframe", "frame", "frameset", "object", "embed", "applet", "form", "input", "button", "textarea", "select", "option", "link", "meta", "base",
    "video", "audio", "source", "track", "portal", "fencedframe", "template", "slot", "svg", "math", "picture", "isindex", "marquee", "dialog", "noscript", "xmp", "plaintext",
}
LOADING_ATTRIBUTES = {"srcset", "background", "poster", "data", "action", "formaction", "ping", "srcdoc", "xlink:href", "lowsrc", "dynsrc", "manifest", "longdesc", "cite", "codebase", "usemap", "imagesrcset"}


class Verdict:
    """The properties of the corpus, judged on one report."""

    @staticmethod
    def always(report, vector):
        yield from Verdict.no_script(report, vector)
        yield from Verdict.no_network_before_consent(report, vector)
        yield from Verdict.contained_in_message_box(report, vector)
        yield from Verdict.no_dom_clobbering(report, vector)
        yield from Verdict.no_privileged_url_scheme(report, vector)
        yield from Verdict.rel_noopener_noreferrer(report, vector)
        yield from Verdict.no_form_submit_off_site(report, vector)
        yield from Verdict.does_not_swallow_following_message_parts(report, vector)
        yield from Verdict.no_navigation_without_click(report, vector)

    @staticmethod
    def no_script(report, vector):
        if report["flags"]:
            yield f"flags set: {report['flags']}"
        if "allow-scripts" in report["sandbox"]:
            yield "the frame may run scripts"
        if set(report["tags"]) & UNSAFE_TAGS:
            yield f"unsafe elements: {sorted(set(report['tags']) & UNSAFE_TAGS)}"
        if report["namespaces"] != ["http://www.w3.org/1999/xhtml"]:
            yield f"foreign namespaces: {report['namespaces']}"
        for tag, name, value in report["attributes"]:
            if name.startswith("on"):
                yield f"handler {tag}.{name}"
            compact = "".join(value.split()).lower()
            if name in ("href", "src", "action", "background", "style", "value", "data") and compact.startswith(("javascript:", "vbscript:", "data:text", "livescript:")):
                yield f"script address in {tag}.{name}"

    @staticmethod
    def no_network_before_consent(report, vector):
        for tag, name, value in report["attributes"]:
            if name in LOADING_ATTRIBUTES:
                yield f"loading attribute {tag}.{name}"
            if name == "style" and any(word in value.lower() for word in ("url(", "image(", "src(", "@import", "expression", "behavior", "binding")) and "blob:" not in value:
                yield f"loading style {value!r}"
        for source in report["images"]:
            if source and not source.startswith(("data:image/", "blob:")):
                yield f"image source {source!r}"
        if any(word in report["css"].lower() for word in ("url(", "@import", "@font-face", "src(", "image(", "@namespace", "expression(")):
            yield f"loading style sheet {report['css']!r}"

    @staticmethod
    def contained_in_message_box(report, vector):
        if report["positions"]:
            yield f"positioned elements {report['positions']}"
        if report["height"] > 60_001:
            yield f"height {report['height']}"
        for tag, name, value in report["attributes"]:
            if name in ("popover", "popovertarget", "autofocus", "tabindex", "accesskey", "contenteditable", "draggable"):
                yield f"{tag}.{name}"

    @staticmethod
    def no_dom_clobbering(report, vector):
        for tag, name, value in report["attributes"]:
            if name == "name" or (name == "id" and not value.startswith("m-")):
                yield f"{tag}.{name}={value!r}"
            if name in ("slot", "part", "form", "is", "aria-hidden", "aria-live", "itemref", "for"):
                yield f"{tag}.{name}={value!r}"
            if name == "role" and value not in ("presentation", "none"):
                yield f"role {value!r}"

    @staticmethod
    def no_privileged_url_scheme(report, vector):
        for link in report["links"]:
            if link["protocol"] not in ("http:", "https:", "mailto:", "tel:") or not link["href"].startswith(("http://", "https://", "mailto:", "tel:", "#m-")):
                yield f"link to {link['href']!r}"

    @staticmethod
    def link_shows_real_target(report, vector):
        for link in report["links"]:
            if link["href"].startswith("#"):
                continue
            shown = link["href"].split("?")[0] if link["href"].startswith(("mailto:", "tel:")) else link["href"]
            if link["title"] != shown or any(ord(c) > 126 for c in link["title"]):
                yield f"shows {link['title']!r} for {link['href']!r}"
        if vector["id"] == "url-a-relative" and report["links"]:
            yield "a relative link leads into our own pages"

    @staticmethod
    def rel_noopener_noreferrer(report, vector):
        for link in report["links"]:
            if not link["href"].startswith("#") and (link["target"] != "_blank" or not {"noopener", "noreferrer"} <= set(link["rel"].split())):
                yield f"link {link}"

    @staticmethod
    def no_form_submit_off_site(report, vector):
        if set(report["tags"]) & {"form", "input", "button", "textarea", "select"}:
            yield f"form elements {report['tags']}"

    @staticmethod
    def does_not_swallow_following_message_parts(report, vector):
        following = report["following"]
        if following is None or following["inside"] or "FOLLOWING-PART" not in report["shownText"]:
            if not any(word in vector["input"].lower() for word in ("display", "visibility", "height", "opacity", "zoom")) or following is None:
                yield f"the next part: {following}"

    @staticmethod
    def no_navigation_without_click(report, vector):
        if not report["address"].endswith("/message-frame.html"):
            yield f"the frame went to {report['address']}"

    @staticmethod
    def keeps_text(report, vector):
        if vector.get("keep_text") and vector["keep_text"] not in report["text"]:
            yield f"text lost: {report['text']!r}"

    @staticmethod
    def keeps_safe_formatting(report, vector):
        name = vector["id"]
        expected = {
            "keep-nested-tables": report["tags"].count("table") == 1 and "td" in report["tags"],
            "keep-data-png": any(source.startswith("data:image/png") for source in report["images"]) and report["loaded"] == [1],
            "keep-details": {"details", "summary"} <= set(report["tags"]),
            "keep-font-color": "rgb(255, 0, 0)" in report["colors"],
            "keep-css-safe": "rgb(255, 0, 0)" in report["colors"] and report["bold"],
            "keep-style-media": report["rules"] == 1 and "max-width" in report["css"],
            "keep-hr-br-pre": {"pre", "hr", "br"} <= set(report["tags"]),
            "keep-mso-font": any(name == "style" and "Calibri" in value for _, name, value in report["attributes"]),
        }
        if not expected.get(name, True):
            yield f"formatting lost: {report['tags']} {report['css']!r}"


class Watch:
    """A page to show messages in, and the three watchers around it."""

    def __init__(self, browser, base, canary):
        self.base, self.canary = base, canary
        self.requests, self.alarms = [], []
        self.context = browser.new_context(viewport={"width": 900, "height": 800})
        self.page = self.context.new_page()
        self.context.on("request", self._request)
        self.context.on("page", lambda page: self.alarms.append(f"a window opened: {page.url}") if page != self.page else None)
        self.page.on("dialog", lambda dialog: (self.alarms.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("worker", lambda worker: self.alarms.append(f"worker {worker.url}"))
        self.page.on("download", lambda download: self.alarms.append(f"download {download.url}"))
        self.page.on("pageerror", lambda error: self.alarms.append(f"error {error}"))
        self.page.add_init_script(
            "for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = () => { throw (window.xss = new Error(name)); };")
        # What the image proxy answers is not the question here; that it is asked, and nobody else, is.
        self.page.route("**/api/v1/image?*", lambda route: route.fulfill(status=200, content_type="image/png", body=PIXEL))
        self.page.goto(base + "/")
        # The app has drawn what it draws to strangers (the small server's page draws nothing).
        self.page.wait_for_selector("body" if os.environ.get("PAGES_ONLY") else "input[type=password]", state="attached")
        self.page.wait_for_timeout(1000)
        self.requests.clear(), self.canary.knocks.clear()

    def _request(self, request):
        if request.url.startswith(("data:", "blob:")):
            return
        path = request.url.removeprefix(self.base)
        if path == request.url or not path.startswith(("/js/", "/css/", "/vendor/", "/message-frame.html", "/api/v1/image?", "/i18n/", "/icons/")):
            self.requests.append(request.url)

    def show(self, vectors, consent=False):
        """Shows vectors, and gives failures by id."""
        failures = {}
        for start in range(0, len(vectors), BATCH):
            batch = vectors[start:start + BATCH]
            result = self.page.evaluate(SHOW, {"messages": [{"id": v["id"], "html": v["input"]} for v in batch], "consent": consent})
            blame = ", ".join(v["id"] for v in batch)
            for key in ("title", "location", "children"):
                if result["before"][key] != result["after"][key]:
                    failures.setdefault(blame, []).append(f"our page changed: {key}")
            self._collect(failures, blame)
            for vector, report in zip(batch, result["reports"]):
                found = list(Verdict.always(report, vector)) + list(Verdict.keeps_text(report, vector))
                for name in vector.get("must", []):
                    found += list(getattr(Verdict, name.replace("-", "_"))(report, vector))
                if found:
                    failures[vector["id"]] = sorted(set(found))
        return failures

    def _collect(self, failures, blame):
        if self.requests or self.alarms or self.canary.knocks:
            failures[f"one of {blame}"] = [*self.requests, *self.alarms, *self.canary.knocks]
            self.requests.clear(), self.alarms.clear(), self.canary.knocks.clear()


@pytest.fixture(scope="module")
def corpus():
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus {CORPUS} is not here")
    return CORPUS


@pytest.fixture(scope="module")
def pages(request):
    """Where the pages come from."""
    if not os.environ.get("PAGES_ONLY"):
        yield request.getfixturevalue("server").url
        return
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def canary():
    return Canary()


@pytest.fixture(scope="module")
def caged(chromium, canary):
    """A Chromium for which every foreign name leads to the canary. The browser's own errands are not the message's."""
    own = ", ".join(f"MAP *.{name} ~NOTFOUND" for name in ("google.com", "googleapis.com", "gvt1.com", "gstatic.com"))
    rules = f"{own}, MAP * 127.0.0.1:{canary.port}, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    arguments = ["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={rules}", "--disable-background-networking", "--disable-component-update"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def watch(caged, pages, canary):
    watch = Watch(caged, pages, canary)
    yield watch
    watch.context.close()


def told(failures, count):
    lines = "\n".join(f"{name}: {'; '.join(map(str, found))[:600]}" for name, found in failures.items())
    return f"{len(failures)} of {count} fail:\n{lines}"


def test_the_watchers_see_a_page_that_does_load(watch):
    """Else their silence would mean nothing."""
    page = watch.context.new_page()
    page.set_content("<img src='http://leak.example/here'>")
    page.wait_for_timeout(500)
    assert any("/here" in knock for knock in watch.canary.knocks), watch.canary.knocks
    assert any("leak.example" in url for url in watch.requests)


def test_no_attack_succeeds(watch, corpus):
    vectors = list(read_vectors())
    assert len(vectors) > 700
    failures = watch.show(vectors)
    assert not failures, told(failures, len(vectors))


OWN_ATTACKS = [
    "<style>.mp-part, .mp-root, body { display: none; opacity: 0; height: 0; overflow: hidden; visibility: hidden }</style><p>x</p>",
    "<style>* { position: fixed !important; inset: 0; z-index: 9 }</style><div style='position:fixed !important;top:0'>x</div>",
    "<div class='mp-host mp-quote'>x</div><style>.mp-host { display: none !important }</style>",
    "<style>p { background-image: image-set('http://leak.example/1' 1x) } @layer x { p { background: url(http://leak.example/2) } }</style><p>x</p>",
    "<style>@container (min-width: 1px) { p { background: url(http://leak.example/3) } } @scope (p) { b { background: url(http://leak.example/4) } }</style><p><b>x</b></p>",
    "<style>p { & b { background: url(http://leak.example/5) } }</style><p><b>x</b></p>",
    "<style>@property --x { syntax: '<image>'; inherits: true; initial-value: url(http://leak.example/6) } p { background: var(--x) }</style><p>x</p>",
    "<p style='height: 100vh; margin-top: 10vh'>x</p><p style='font-size: 9999px'>y</p><p style='margin-top: calc(3000px * 3000)'>z</p>",
    "<div><template shadowrootmode=open><img src=http://leak.example/7><style>@import 'http://leak.example/8'</style></template>x</div>",
    "<a href='https://ok.example' target=_self rel=opener download ping=http://leak.example/9 attributionsrc=http://leak.example/10>x</a>",
    "<img src=x srcset='http://leak.example/11 1x' sizes=1px loading=lazy onload=alert(1) crossorigin referrerpolicy=unsafe-url>",
    "<div inert hidden autofocus tabindex=1 accesskey=s contenteditable popover=auto commandfor=a>x</div>",
    "<p>x</p><img alt='unclosed <p>y</p>",
]


def test_attacks_of_our_own(watch):
    vectors = [{"id": f"own-{number}", "input": attack} for number, attack in enumerate(OWN_ATTACKS)]
    failures = watch.show(vectors)
    assert not failures, told(failures, len(vectors))


def test_images_shown_come_through_our_proxy_alone(watch, corpus):
    vectors = [vector for vector in read_vectors() if "//" in vector["input"]]
    failures = watch.show(vectors, consent=True)
    assert not failures, told(failures, len(vectors))


def test_real_messages_keep_every_word(watch, corpus):
    paths = sorted((corpus / "bodies").glob("*.html")) + sorted((corpus / "files").rglob("*.html"))
    assert len(paths) > 50
    bodies = [{"id": path.name, "input": path.read_bytes().decode("utf-8", "replace")} for path in paths]
    failures = watch.show(bodies)
    for body in bodies:
        lost = watch.page.evaluate(LOST_WORDS, body["input"])
        if lost:
            failures.setdefault(body["id"], []).append(f"words lost: {lost}")
    assert not failures, told(failures, len(bodies))


def test_quotes_are_folded_as_programs_write_them(watch, corpus):
    texts = {path.name: path.read_bytes().decode("utf-8", "replace") for path in sorted((corpus / "files" / "talon").glob("*.html"))}
    assert [name for name, text in texts.items() if not watch.page.evaluate(FOLDED, text)] == []


# Words that a plain parser finds in the body, and the reader does not show in its tree.
LOST_WORDS = r"""
async (html) => {
  const { renderMessageBody } = await import('/js/mail/message-body.js');
  const email = { id: 'words', from: [], attachments: [], htmlBody: [{ partId: '1', type: 'text/html' }], textBody: [], bodyValues: { 1: { value: html } } };
  const body = renderMessageBody({ openComposer() {} }, email);
  document.body.append(body.root);
  await body.ready;
  const shown = new Set((body.root.querySelector('iframe').contentDocument.querySelector('.mp-root').textContent).split(/\s+/));
  body.destroy();
  const text = html.replace(/<!--[\s\S]*?(?:-->|$)/g, ' ').replace(/<(script|style|title|head)\b[\s\S]*?<\/\1\s*>/gi, ' ').replace(/<\/?[a-z!?][^>]*>/gi, '\u0001').replace(/&[#\w]+;?/g, '\u0001');
  const words = text.split(/[\s\u0001]+/).filter((word) => /^[\p{L}]{4,}$/u.test(word));
  const all = [...shown].join(' ');
  return [...new Set(words.filter((word) => !all.includes(word)))].slice(0, 8);
}
"""

FOLDED = r"""
async (html) => {
  const { renderMessageBody } = await import('/js/mail/message-body.js');
  const email = { id: 'fold', from: [], attachments: [], htmlBody: [{ partId: '1', type: 'text/html' }], textBody: [], bodyValues: { 1: { value: html } } };
  const body = renderMessageBody({ openComposer() {} }, email);
  document.body.append(body.root);
  await body.ready;
  const folded = body.root.querySelector('iframe').contentDocument.querySelector('details.mp-quote') !== null;
  body.destroy();
  return folded;
}
"""
