"""A real browser for tests: Chromium over its DevTools pipe. Python's standard library only."""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time


class Failed(Exception):
    """What a page did not do in time, or did and should not have."""


class Browser:
    """One Chromium with one page. Use as a context manager; everything it made is gone afterwards."""

    def __init__(self, limit=20.0, agent=None):
        """agent: what it says it is; by its own name a headless browser would rightly count as a machine."""
        self.limit = limit
        self.profile = tempfile.mkdtemp(prefix="waybill-browser-")
        # Chromium reads commands from descriptor 3 and writes answers to descriptor 4, each ended by a NUL.
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()

        def descriptors():
            high = [os.dup2(to_browser, 60), os.dup2(from_browser, 61)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if program is None:
            raise Failed("Chromium is not installed: apt-get install chromium")
        self.process = subprocess.Popen(
            [
                program, "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage",
                "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                # Sandboxed frames stay in the page's process, so that their requests are seen too.
                "--disable-features=IsolateSandboxedIframes", "--user-data-dir=" + self.profile,
            ] + (["--user-agent=" + agent] if agent else []) + ["about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=descriptors, close_fds=False,
            start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.number = 0
        self.events = []
        self.requests = {}  # by the browser's own number, without those that a policy stopped
        self.complaints = []
        try:
            target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
            self.session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                self.call(domain + ".enable")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    # The protocol

    def call(self, method, parameters=None):
        return self._call(method, parameters, self.session)

    def _call(self, method, parameters=None, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        wanted, deadline = self.number, time.monotonic() + self.limit
        while True:
            answer = self._read(deadline, method)
            if answer.get("id") == wanted:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error'].get('message')}")
                return answer["result"]

    def _read(self, deadline, waiting_for):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                raise Failed(f"the browser did not answer {waiting_for} in time")
            part = os.read(self.answers, 1 << 20)
            if not part:
                raise Failed("the browser has gone")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        self._note(message)
        return message

    def _note(self, message):
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests[parameters["requestId"]] = parameters["request"]["url"]
        elif method == "Network.loadingFailed" and parameters.get("blockedReason"):
            self.requests.pop(parameters["requestId"], None)
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(parameters["exceptionDetails"].get("text", "exception"))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

    def drain(self):
        """Takes in what the browser has reported so far."""
        self.run("1")

    # A page

    def size(self, width, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.call("Emulation.setEmulatedMedia",
                  {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def scripts(self, allowed):
        self.call("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def zone(self, name):
        self.call("Emulation.setTimezoneOverride", {"timezoneId": name})

    def go(self, url):
        answer = self.call("Page.navigate", {"url": url})
        if answer.get("errorText"):
            raise Failed(f"{url}: {answer['errorText']}")
        self.loaded()

    def loaded(self):
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'", "the page to load")

    def run(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in answer:
            raise Failed(f"{expression}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def until(self, expression, what):
        """Waits until an expression is true in the page, over navigations."""
        deadline = time.monotonic() + self.limit
        last = None
        while time.monotonic() < deadline:
            try:
                if self.run(expression):
                    return
                last = None
            except Failed as failure:
                last = failure
            time.sleep(0.03)
        raise Failed(f"waited in vain for {what}: {last or self.text()[:600]!r} at {self.run('location.href')}")

    def text(self):
        return self.run("document.body ? document.body.innerText : ''") or ""

    def shows(self, *words):
        for word in words:
            self.until(f"document.body.innerText.includes({json.dumps(word)})", f"the page to show {word!r}")

    def type(self, selector, text):
        self.until(f"!!document.querySelector({json.dumps(selector)})", f"a field {selector}")
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", {"text": text})

    def press(self, key):
        codes = {"Enter": ("Enter", 13, "\r"), "Tab": ("Tab", 9, ""), "Escape": ("Escape", 27, "")}
        name, code, text = codes.get(key, (key, ord(key.upper()[0]), key))
        common = {"key": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **common})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **common})

    def click(self, selector, word=None):
        """Clicks with the mouse on the first visible element that fits and holds the word."""
        found = (
            "(function () { return [...document.querySelectorAll(%s)].find(function (e) {"
            " return e.getClientRects().length && (%s === null || e.textContent.includes(%s)); }); })()"
            % (json.dumps(selector), json.dumps(word), json.dumps(word)))
        self.until(f"!!{found}", f"{selector} {word or ''} to click on")
        box = self.run(
            f"(function (e) {{ e.scrollIntoView({{block: 'center'}}); var b = e.getClientRects()[0];"
            f" return [b.left + b.width / 2, b.top + b.height / 2]; }})({found})")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", {"type": kind, "x": box[0], "y": box[1], "button": "left", "clickCount": 1})

    def picture(self, path, whole=True):
        height = 900
        if whole:
            height = min(6000, max(300, int(self.run("document.documentElement.scrollHeight"))))
        width = int(self.run("innerWidth"))
        answer = self.call("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))
