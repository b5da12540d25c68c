/// The console's one script. Every page does its job without it; it adds the reader's own time, moves by keyboard, buttons that
/// copy, and news as they come.
enum ConsoleScript {
    static let javaScript = """
        (function () {
          "use strict";
          var months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
          var days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
          function two(n) { return n < 10 ? "0" + n : String(n); }

          function ownTimes(root) {
            var now = new Date();
            root.querySelectorAll("time[data-style]").forEach(function (element) {
              var t = new Date(element.getAttribute("datetime"));
              if (isNaN(t)) return;
              var day = t.getDate() + " " + months[t.getMonth()], clock = two(t.getHours()) + ":" + two(t.getMinutes());
              var style = element.dataset.style, text;
              if (style === "full") text = day + " " + t.getFullYear() + ", " + clock + ":" + two(t.getSeconds());
              else if (style === "spoken") text = days[t.getDay()] + " " + day + ", " + clock;
              else if (t.toDateString() === now.toDateString()) text = clock;
              else if (t.getFullYear() === now.getFullYear()) text = day + ", " + clock;
              else text = day + " " + t.getFullYear();
              element.textContent = text;
            });
            root.querySelectorAll("[data-zone]").forEach(function (element) {
              element.textContent = "Times are in " + (Intl.DateTimeFormat().resolvedOptions().timeZone || "your own time") + ".";
            });
          }

          function copyButtons(root) {
            root.querySelectorAll("button[data-copy], button[data-fetch]").forEach(function (button) { button.hidden = false; });
          }
          document.addEventListener("click", function (event) {
            var button = event.target.closest && event.target.closest("button[data-copy], button[data-fetch]");
            if (!button) return;
            var source = document.getElementById(button.dataset.copy), label = button.textContent;
            function said(word) {
              button.textContent = word;
              setTimeout(function () { button.textContent = label; }, 1600);
            }
            function select(text) {
              var area = document.createElement("textarea");
              area.value = text;
              area.className = "unseen";
              document.body.append(area);
              area.select();
              var done = document.execCommand("copy");
              area.remove();
              if (!done && source) getSelection().selectAllChildren(source);
              said(done ? "Copied" : source ? "Selected" : "Use Show log");
              button.focus({ preventScroll: true });
            }
            function copy(text) {
              if (!navigator.clipboard) { select(text); return; }
              navigator.clipboard.writeText(text).then(function () { said("Copied"); }, function () { select(text); });
            }
            if (source) { copy(source.textContent); return; }
            fetch(button.dataset.fetch, { cache: "no-store", credentials: "same-origin" })
              .then(function (answer) { if (!answer.ok) throw answer.status; return answer.text(); })
              .then(copy, function () { said("Use Show log"); });
          });

          function rows() { return Array.from(document.querySelectorAll("a.row")); }
          document.addEventListener("keydown", function (event) {
            if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
            var active = document.activeElement, typing = active && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName);
            if (event.key === "Escape" && typing) { active.blur(); return; }
            if (typing) return;
            if (event.key === "/") {
              var search = document.querySelector("input[type=search]");
              if (search) { event.preventDefault(); search.focus(); search.select(); }
            } else if (event.key === "j" || event.key === "k") {
              var all = rows(), at = all.indexOf(active), next = event.key === "j" ? at + 1 : (at < 0 ? 0 : at - 1);
              if (all[next]) { event.preventDefault(); all[next].focus(); }
            }
          });

          var shown = new WeakMap();
          function swap(text) {
            var fresh = new DOMParser().parseFromString(text, "text/html");
            var main = document.querySelector("main"), next = fresh.querySelector("main");
            if (!main || !next || !next.dataset.version) { location.reload(); return; }
            main.dataset.version = next.dataset.version;
            main.querySelectorAll("[data-live]").forEach(function (old) {
              var changed = next.querySelector("[data-live='" + CSS.escape(old.dataset.live) + "']");
              if (!changed || changed.innerHTML === shown.get(old)) return;
              if (old.querySelector("details.ask[open]")) return;
              var active = old.contains(document.activeElement) && document.activeElement.closest("tr[id]");
              var open = Array.from(old.querySelectorAll("details[open][id]")).map(function (d) { return d.id; });
              var before = {};
              old.querySelectorAll("tr[id]").forEach(function (row) { before[row.id] = row.textContent; });
              var markup = changed.innerHTML;
              changed = document.importNode(changed, true);
              ownTimes(changed);
              copyButtons(changed);
              changed.querySelectorAll("tr[id]").forEach(function (row) {
                if (before[row.id] !== row.textContent) row.classList.add("changed");
              });
              open.forEach(function (id) { var d = changed.querySelector("#" + CSS.escape(id)); if (d) d.open = true; });
              old.replaceWith(changed);
              shown.set(changed, markup);
              var again = active && document.querySelector("#" + CSS.escape(active.id) + " a.row");
              if (again) again.focus({ preventScroll: true });
            });
          }

          var asking = false, wanted = false;
          function ask() {
            var main = document.querySelector("main[data-version]");
            if (!main) return;
            if (asking) { wanted = true; return; }
            asking = true;
            wanted = false;
            fetch(location.href, { headers: { "If-None-Match": '"' + main.dataset.version + '"' }, cache: "no-store", credentials: "same-origin" })
              .then(function (answer) {
                if (answer.status === 401) { location.reload(); return; }
                if (answer.status === 200) return answer.text().then(swap);
              })
              .catch(function () {})
              .then(function () { setTimeout(function () { asking = false; if (wanted) ask(); }, 1000); });
          }

          var stream = null;
          function listen() {
            if (document.hidden || !document.querySelector("main[data-version]")) {
              if (stream) stream.close();
              stream = null;
            } else if (!stream) {
              stream = new EventSource("/live");
              stream.addEventListener("open", ask);
              stream.addEventListener("fact", ask);
              stream.addEventListener("reset", ask);
              stream.addEventListener("error", function () {
                if (!stream || stream.readyState !== EventSource.CLOSED) return;
                stream = null;
                setTimeout(function () { ask(); listen(); }, 15000);
              });
            }
          }

          ownTimes(document);
          copyButtons(document);
          listen();
          document.addEventListener("visibilitychange", listen);
        })();
        """
}
