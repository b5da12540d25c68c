"""The console in a real browser: signing in, reading, news as they come, keyboard, phones, dark and light, and without scripts.

usage: console.py BASE TOKEN [PICTURES]
Says "news" on a line of its own when it wants something to happen, and goes on when it reads a line. Exit status 0 when all is well.
"""

import os
import re
import sys
from urllib.parse import quote, urlparse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from devtools import Browser, Failed  # noqa: E402

SIZES = (1440, 768, 360)

# The least contrast of text against what it stands on, over a whole page (WCAG 2.2, 1.4.3: 4.5 to 1).
CONTRAST = """
(function () {
  function channel(c) { c /= 255; return c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4); }
  function light(c) { return 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]); }
  function parse(text) { var n = text.match(/[\\d.]+/g).map(Number); return [n[0], n[1], n[2], n.length > 3 ? n[3] : 1]; }
  function ground(e) {
    for (; e; e = e.parentElement) { var c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  }
  var worst = [99, ""], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), node;
  while ((node = walk.nextNode())) {
    var e = node.parentElement;
    if (!node.data.trim() || !e.getClientRects().length) continue;
    var a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
    var ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, node.data.trim().slice(0, 40)];
  }
  return worst;
})()
"""

# What a finger has to hit on a phone and cannot: smaller than 44 px, and no link within a line of text.
SMALL_TARGETS = """
[...document.querySelectorAll("button, input:not([type=hidden]), summary, .top nav a, .chips a, .button")].filter(function (e) {
  var r = e.getBoundingClientRect();
  return r.width && r.height < 43.5;
}).map(function (e) { return e.outerHTML.slice(0, 80); })
"""


def must(condition, what):
    if not condition:
        raise Failed(what)


def main(base, token, pictures=None):
    with Browser() as browser:
        def seen(name, width, dark):
            if pictures:
                browser.picture(os.path.join(pictures, f"{name}-{width}-{'dark' if dark else 'light'}.png"))

        # In.
        browser.size(1440)
        browser.zone("Asia/Tokyo")
        browser.go(base + "/emails")
        browser.type("#api-token", "not a token")
        browser.press("Enter")
        browser.shows("not an API token")
        seen("sign-in", 1440, False)
        browser.complaints.clear()
        browser.type("#api-token", token)
        browser.press("Enter")
        browser.shows("Emails", "Your photos", "Times are in Asia/Tokyo.")
        must(browser.run("location.pathname") == "/emails", "after signing in one is where one wanted to go")

        # The reader's own time.
        own = browser.run(
            "[...document.querySelectorAll('time[data-style=brief]')].every(function (e) {"
            " var t = new Date(e.dateTime), c = ('0' + t.getHours()).slice(-2) + ':' + ('0' + t.getMinutes()).slice(-2);"
            " return e.textContent.includes(c) || t.getFullYear() !== new Date().getFullYear(); })")
        must(own, "times are the reader's own")

        # By keyboard: search, then down the list and in.
        browser.press("/")
        must(browser.run("document.activeElement.type") == "search", "/ goes to the search box")
        browser.type("input[type=search]", "to:bob@ status:deferred")
        browser.press("Enter")
        browser.until("document.querySelectorAll('a.row').length === 1", "one email to be found")
        browser.press("j")
        browser.press("Enter")
        browser.shows("Deferred", "We keep trying until", "Show conversation", "Show log")
        browser.click("summary", "Show conversation")
        browser.shows("RCPT TO")
        browser.click("button[data-copy]")
        browser.until("/Copied|Selected/.test(document.querySelector('button[data-copy]').textContent)", "the log to be copied")

        # A letter that would like to do things.
        browser.go(base + "/emails?q=" + quote("to:ann@ \"Your photos\""))
        browser.click("a.row", "Your photos")
        browser.shows("Delivered", "Read", "The email")
        browser.run("document.querySelector('iframe').scrollIntoView()")
        browser.until("performance.getEntriesByType('resource').some(e => e.name.includes('/body'))", "the letter to load")
        must(browser.run("window.hacked") is None, "the letter's script does not run")

        # News.
        browser.go(base + "/emails")
        browser.until("performance.getEntriesByType('navigation')[0].loadEventEnd > 0", "the page to be there")
        print("news", flush=True)
        sys.stdin.readline()
        browser.shows("Just now came this")
        must(browser.run("performance.getEntriesByType('navigation')[0].type") == "navigate", "news come without loading anew")

        # Cancelling, with a word before and a word after.
        browser.click("a.row", "A last question about the cake")
        browser.shows("Pending", "can still be cancelled")
        browser.click("summary", "Cancel sending")
        browser.shows("will not get this email")
        browser.click("button.grave", "Cancel sending")
        browser.shows("You have asked to cancel sending.")

        # Every page, every width, dark and light.
        browser.go(base + "/emails")
        links = dict(browser.run("[...document.querySelectorAll('a.row')].map(a => [a.textContent, a.getAttribute('href')])"))

        def email(words):
            return next(path for text, path in links.items() if words in text)

        browser.go(base + email("Plan of the day"))
        story = browser.run("document.querySelectorAll('a.row')[2].getAttribute('href')")
        pages = {
            "overview": "/", "emails": "/emails", "nothing": "/emails?q=zzz+status:nonsense", "one": email("Your photos"),
            "deferred": email("Contract"), "uncertain": email("Your invoice"), "several": story, "many": email("Save the date"),
            "hostile": email("<script>"), "collections": "/collections", "collection": "/collections/Smith%20wedding",
            "reminders": "/reminders",
        }
        for name, path in pages.items():
            for width in SIZES:
                for dark in (False, True):
                    browser.size(width, dark=dark)
                    browser.go(base + path)
                    where = f"{name} at {width} px, {'dark' if dark else 'light'}"
                    must(browser.run("document.documentElement.scrollWidth") <= width, f"{where} is wider than the window")
                    ratio, text = browser.run(CONTRAST)
                    must(ratio >= 4.5, f"{where}: contrast {ratio:.2f} of {text!r}")
                    if width < 640:
                        small = browser.run(SMALL_TARGETS)
                        must(not small, f"{where}: too small to hit: {small}")
                    seen(name, width, dark)

        # Without scripts all of it can still be read and done.
        browser.size(1440)
        browser.scripts(False)
        browser.go(base + email("Plan of the day"))
        browser.click("a.row", "nobody@example.org")
        browser.shows("does not know this address", "does not exist")
        browser.scripts(True)

        # Out.
        browser.click("button", "Sign out")
        browser.shows("Paste a token")
        browser.drain()
        stopped = [complaint for complaint in browser.complaints if re.search(r"/body(\?|$)", complaint)]
        must(any("img-src data:" in complaint for complaint in stopped), "the letter's pictures are stopped")
        must(any("Blocked script execution" in complaint for complaint in stopped), "the letter's script is stopped")
        others = [complaint for complaint in browser.complaints if complaint not in stopped]
        must(not others, f"the browser complains: {others}")
        hosts = {urlparse(url).netloc for url in browser.requests.values() if not url.startswith(("data:", "about:"))}
        must(hosts == {urlparse(base).netloc}, f"nothing is fetched from elsewhere: {hosts}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
