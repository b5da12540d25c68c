/// The console's one style sheet.
enum ConsoleStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --ground: #fbfbfa; --raised: #ffffff; --sunken: #f3f3f1; --line: #e3e3df; --line-strong: #c9c9c4;
          --text: #1c1d1f; --soft: #5c5f66; --accent: #3b52b8; --on-accent: #ffffff; --accent-wash: #eef0fa;
          --waiting: #5f6672; --moving: #2563a8; --arrived: #23734a; --trying: #8f5a00; --failed: #b3362b; --withheld: #6b6d72;
          --failed-wash: #fcf1ef; --trying-wash: #fbf4e6; --arrived-wash: #edf6f0;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #151618; --raised: #1c1d20; --sunken: #222327; --line: #2e3035; --line-strong: #45484f;
            --text: #e8e8e6; --soft: #a3a7af; --accent: #9db0f5; --on-accent: #14172a; --accent-wash: #23283d;
            --waiting: #a0a7b3; --moving: #7fb2ea; --arrived: #74c295; --trying: #e0ad55; --failed: #f09086; --withheld: #9a9da4;
            --failed-wash: #2d1f1e; --trying-wash: #2a241a; --arrived-wash: #1b2820;
          }
        }
        *, *::before, *::after { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
        body {
          margin: 0; background: var(--ground); color: var(--text);
          font: 400 14px/20px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
          font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
        }
        h1, h2, h3, p, dl, dd, ul, ol, pre, figure { margin: 0; padding: 0; }
        h1 { font-size: 20px; line-height: 28px; font-weight: 600; }
        h2 { font-size: 16px; line-height: 24px; font-weight: 600; }
        ul, ol { list-style: none; }
        a { color: var(--accent); text-decoration: none; }
        a:hover { text-decoration: underline; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        [hidden] { display: none !important; }
        .soft { color: var(--soft); }
        .small { font-size: 12px; line-height: 16px; }
        .sprite { position: absolute; width: 0; height: 0; }
        .skip { position: absolute; left: -999px; }
        .skip:focus { left: 16px; top: 8px; background: var(--raised); padding: 8px 12px; z-index: 9; }
        .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

        .i { width: 12px; height: 12px; flex: none; margin-right: 8px; vertical-align: -1px; }
        .waiting { color: var(--waiting); } .moving { color: var(--moving); } .arrived { color: var(--arrived); }
        .trying { color: var(--trying); } .failed { color: var(--failed); } .withheld { color: var(--withheld); }

        .top { border-bottom: 1px solid var(--line); background: var(--raised); }
        .top > div { max-width: 1320px; margin: 0 auto; padding: 0 24px; display: flex; align-items: center; gap: 24px; min-height: 56px; }
        .mark { display: flex; align-items: center; gap: 8px; font-size: 16px; font-weight: 600; color: var(--text); }
        .mark:hover { text-decoration: none; }
        .mark svg { width: 20px; height: 20px; color: var(--accent); }
        .top nav { display: flex; gap: 4px; flex: 1; }
        .top nav a { color: var(--soft); padding: 8px 12px; border-radius: 8px; }
        .top nav a:hover { color: var(--text); text-decoration: none; background: var(--sunken); }
        .top nav a[aria-current] { color: var(--text); font-weight: 600; background: var(--sunken); }
        .who { display: flex; align-items: center; gap: 12px; color: var(--soft); min-width: 0; }
        .who bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 200px; }
        main { max-width: 1320px; margin: 0 auto; padding: 24px; }
        main > * + * { margin-top: 24px; }
        main > :empty { display: none; }
        main > .unseen + * { margin-top: 0; }
        main > .unseen + :empty + * { margin-top: 0; }
        footer { max-width: 1320px; margin: 0 auto; padding: 0 24px 32px; color: var(--soft); font-size: 12px; line-height: 16px; }

        button, .button, input { font: inherit; color: inherit; }
        button, .button {
          display: inline-flex; align-items: center; justify-content: center; min-height: 32px; padding: 0 12px; cursor: pointer;
          border: 1px solid var(--line-strong); border-radius: 8px; background: var(--raised); color: var(--text); white-space: nowrap;
        }
        button:hover, .button:hover { background: var(--sunken); text-decoration: none; }
        button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
        button.main:hover { filter: brightness(1.08); }
        button.grave { border-color: var(--failed); color: var(--failed); }
        button.plain { border-color: transparent; background: none; color: var(--soft); padding: 0 8px; }
        button.plain:hover { color: var(--text); background: var(--sunken); }
        input[type=search], input[type=password], textarea {
          width: 100%; min-height: 40px; padding: 8px 12px; border: 1px solid var(--line-strong); border-radius: 8px; background: var(--raised);
        }
        input::placeholder { color: var(--soft); opacity: 1; }

        .title { display: flex; align-items: baseline; gap: 12px; flex-wrap: wrap; }
        .title h1 { flex: 1 1 auto; min-width: 0; }
        .search { display: flex; gap: 8px; }
        .search input { flex: 1; min-width: 0; }
        .search button { min-height: 40px; }
        .chips { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
        .chips a {
          display: inline-flex; align-items: center; min-height: 28px; padding: 0 12px; border: 1px solid var(--line); border-radius: 14px;
          background: var(--raised); color: var(--soft); font-size: 12px; line-height: 16px;
        }
        .chips a:hover { text-decoration: none; border-color: var(--line-strong); color: var(--text); }
        .chips a[aria-current] { background: var(--accent-wash); border-color: var(--accent); color: var(--text); font-weight: 600; }
        .chips .i { margin-right: 6px; }
        .problem { color: var(--failed); margin-top: 8px; }

        .card { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; }
        .pad { padding: 16px; }
        table { width: 100%; border-collapse: collapse; }
        th { text-align: left; font-size: 12px; line-height: 16px; font-weight: 400; color: var(--soft); padding: 8px 12px; white-space: nowrap; }
        td { padding: 9px 12px; height: 40px; border-top: 1px solid var(--line); vertical-align: top; }
        th:first-child, td:first-child { padding-left: 16px; } th:last-child, td:last-child { padding-right: 16px; }
        .list { table-layout: fixed; }
        .list td { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
        .list tbody tr { position: relative; }
        .list tbody tr:hover { background: var(--sunken); }
        .list a.row { color: var(--text); font-weight: 600; }
        .list a.row::after { content: ""; position: absolute; inset: 0; }
        .list a.row:focus-visible { outline: none; }
        .list a.row:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -2px; border-radius: 4px; }
        .list a:not(.row) { position: relative; z-index: 1; }
        .status { display: flex; align-items: center; min-width: 0; }
        .status > span { overflow: hidden; text-overflow: ellipsis; }
        .num, th.num { text-align: right; }
        .s-status { width: 176px; } .s-person { width: 30%; } .people .s-in { width: auto; } .s-clicks { width: 80px; } .s-kind { width: 96px; } .s-when { width: 128px; } .s-viewed { width: 152px; } .s-num { width: 96px; }
        .s-who { width: 22%; } .s-in { width: 14%; }
        .pager { display: flex; gap: 12px; align-items: center; justify-content: space-between; padding: 12px 16px; border-top: 1px solid var(--line); }

        .empty { padding: 56px 24px; text-align: center; }
        .empty p { max-width: 56ch; margin: 8px auto 0; color: var(--soft); }
        .empty pre { margin: 16px auto 0; max-width: 640px; text-align: left; }

        .bar { display: block; width: 100%; height: 12px; border-radius: 6px; }
        .bar .waiting { fill: var(--waiting); } .bar .moving { fill: var(--moving); } .bar .arrived { fill: var(--arrived); }
        .bar .trying { fill: var(--trying); } .bar .failed { fill: var(--failed); } .bar .withheld { fill: var(--line-strong); }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 12px; }
        .legend a { color: var(--text); display: flex; align-items: center; }
        .legend a[aria-current] { font-weight: 600; text-decoration: underline; }
        .legend + p { margin-top: 4px; }
        .legend b { font-weight: 600; margin-right: 4px; }
        .mini { width: 100%; height: 4px; border-radius: 2px; margin: 2px 0 -6px; }
        .verdicts { display: flex; flex-wrap: wrap; gap: 4px 32px; margin: 8px 0; }
        .verdict { font-size: 20px; line-height: 28px; font-weight: 600; }
        .verdict .i { width: 16px; height: 16px; }

        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
        .figures > div { padding: 16px; border-left: 1px solid var(--line); }
        .figures > div:first-child { border-left: 0; }
        .figures dt { color: var(--soft); font-size: 12px; line-height: 16px; }
        .figures dd { font-size: 28px; line-height: 36px; font-weight: 600; }
        .figures dd.note { font-size: 12px; line-height: 16px; font-weight: 400; color: var(--soft); }
        .facts { display: flex; flex-wrap: wrap; gap: 4px 24px; color: var(--soft); margin-top: 4px; }

        .notice { border: 1px solid var(--line); border-left: 4px solid var(--accent); border-radius: 8px; background: var(--raised); padding: 12px 16px; }
        .notice.failed { border-left-color: var(--failed); color: inherit; } .notice.arrived { border-left-color: var(--arrived); color: inherit; }
        .notice.trying { border-left-color: var(--trying); color: inherit; }
        .needs { border-left: 4px solid var(--failed); }
        .needs li { display: flex; gap: 12px; align-items: baseline; padding: 10px 16px; border-top: 1px solid var(--line); }
        .needs li:first-child { border-top: 0; }
        .needs .status { width: 152px; flex: none; white-space: nowrap; }
        .needs li > :nth-child(2) > br { line-height: 20px; }
        .needs li > :nth-child(2) { flex: 1; min-width: 0; }
        .needs time { white-space: nowrap; }

        .list tbody tr.open { background: var(--accent-wash); }
        .list tbody tr.story { background: var(--ground); }
        .list .story > td { padding: 16px; white-space: normal; overflow: visible; }
        .timeline { border-left: 2px solid var(--line-strong); margin: 16px 0 0 5px; }
        .timeline li { position: relative; padding: 0 0 12px 20px; display: flex; gap: 4px 24px; max-width: 880px; }
        .timeline li > div { flex: 1; min-width: 0; }
        .timeline li:last-child { padding-bottom: 0; }
        .timeline .i { position: absolute; left: -9px; top: 2px; width: 16px; height: 16px; padding: 2px; border-radius: 8px; background: var(--raised); margin: 0; }
        .story .timeline .i { background: var(--ground); }
        .timeline .dot { position: absolute; left: -5px; top: 6px; width: 8px; height: 8px; border-radius: 4px; background: var(--line-strong); }
        .timeline li > time { color: var(--soft); font-size: 12px; line-height: 20px; white-space: nowrap; }
        .timeline p + p { margin-top: 2px; }
        .reply { font: 12px/16px ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--soft); }
        pre { font: 12px/18px ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; background: var(--raised);
          border: 1px solid var(--line); border-radius: 8px; padding: 12px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 360px; overflow: auto; }
        .story pre { margin-top: 8px; }
        summary { cursor: pointer; color: var(--accent); width: fit-content; }
        .ask > summary {
          display: inline-flex; align-items: center; min-height: 32px; padding: 0 12px; color: var(--text); list-style: none;
          border: 1px solid var(--line-strong); border-radius: 8px; background: var(--raised);
        }
        .ask > summary::-webkit-details-marker { display: none; }
        .ask > summary:hover, .ask[open] > summary { background: var(--sunken); }
        p + .act, .facts + .act { margin-top: 12px; }
        .act { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; }
        .log { margin-top: 16px; }
        .act details[open] { flex-basis: 100%; }
        .ask form { margin-top: 12px; padding: 12px 16px; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
        .ask form p { margin-bottom: 12px; }
        .frame { width: 100%; height: 560px; border: 0; border-top: 1px solid var(--line); background: #ffffff; border-radius: 0 0 8px 8px; resize: vertical; display: block; color-scheme: light; }
        .framed { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding: 8px 16px; }
        .framed h2 { flex: 1 0 auto; }

        .door { max-width: 480px; margin: 12vh auto 0; padding: 0 16px; }
        .door .card { padding: 32px; }
        .door input { margin-bottom: 8px; }
        .door label { display: block; margin: 24px 0 4px; font-weight: 600; }
        .door button { width: 100%; min-height: 40px; margin-top: 16px; }
        .door .mark { justify-content: center; margin-bottom: 24px; }

        .below { margin-top: 12px; }
        .sums th[scope=row] { font-size: 14px; line-height: 20px; color: var(--text); border-top: 1px solid var(--line); }
        .sums td { white-space: nowrap; }
        .sums b { font-weight: 600; }
        .share { display: inline-block; min-width: 44px; color: var(--soft); font-size: 12px; margin-left: 4px; }
        .spark { text-align: right; width: 182px; }
        .spark svg { display: inline-block; vertical-align: middle; fill: var(--line-strong); }
        .s-due { width: 200px; }

        @keyframes changed { from { background: var(--accent-wash); } }
        .changed > td { animation: changed 1.6s ease-out; }
        @media (prefers-reduced-motion: reduce) { .changed > td { animation: none; } }

        @media (max-width: 960px) {
          .s-kind, .list .kind, .list:not(.people) .s-in, .list:not(.people) .in { display: none; }
          .people .s-in, .people .in { width: 0; padding: 0; visibility: hidden; }
          .s-status { width: 152px; } .s-viewed { width: 128px; } .s-when { width: 112px; } .s-who { width: 20%; }
          .sums th, .sums td { padding-left: 6px; padding-right: 6px; }
        }
        @media (max-width: 640px) {
          .top > div { flex-wrap: wrap; gap: 0 12px; padding: 0 16px; }
          .mark { flex: 1; min-height: 48px; }
          .top nav { order: 3; flex: 1 0 100%; margin: 0 -12px; overflow-x: auto; }
          .top nav a { padding: 12px; min-height: 44px; flex: none; white-space: nowrap; }
          .top nav a[aria-current] { background: none; box-shadow: inset 0 -2px var(--accent); border-radius: 0; }
          .who bdi { max-width: 120px; }
          main { padding: 16px; } main > * + * { margin-top: 16px; }
          footer { padding: 0 16px 24px; }
          button, .button, .search input, .search button { min-height: 44px; }
          summary { min-height: 44px; line-height: 44px; } .ask > summary { min-height: 44px; }
          .chips a { min-height: 44px; border-radius: 22px; padding: 0 16px; }
          .chips { flex-wrap: nowrap; overflow-x: auto; margin-right: -16px; padding: 2px 16px 2px 2px; }
          .chips a { flex: none; }
          .list, .list tbody { display: block; }
          .list thead { display: none; }
          .list tbody tr { display: grid; grid-template-columns: 1fr auto; gap: 2px 12px; padding: 12px 16px; border-top: 1px solid var(--line); min-height: 44px; }
          .list tbody tr:first-child { border-top: 0; }
          .list tbody tr.story { display: block; padding: 0 16px 16px; border-top: 0; }
          .list td, .list td:first-child, .list td:last-child { border: 0; padding: 0; height: auto; min-width: 0; }
          .list .story > td { display: block; }
          .list td:empty { display: none; }
          .list .subject, .list .wide { grid-column: 1 / -1; order: -1; white-space: normal; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; }
          .list .who-to { order: 1; } .list .when { order: 2; text-align: right; color: var(--soft); }
          .mini { margin: 4px 0 2px; } .frame { height: 420px; }
          .people .when, .people .in, .people .clicks { display: none; }
          .list .state { order: 3; } .list .viewed { order: 4; text-align: right; color: var(--soft); }
          .figures { grid-template-columns: 1fr 1fr; }
          .figures > div { border-left: 0; border-top: 1px solid var(--line); }
          .figures > div:nth-child(-n + 2) { border-top: 0; }
          .figures > div:nth-child(even) { border-left: 1px solid var(--line); }
          .figures > div:last-child:nth-child(odd) { grid-column: 1 / -1; }
          .needs li { flex-wrap: wrap; gap: 0 12px; } .needs li > :nth-child(2) { flex: 1 0 100%; order: 3; }
          .needs .status { flex: 1; width: auto; }
          .timeline li { flex-wrap: wrap; } .timeline li > div { flex: 1 0 100%; }
          .timeline li > time { line-height: 16px; }
          .sums th, .sums td { padding: 8px 6px; } .sums th[scope=row] { white-space: normal; }
          .pager { flex-wrap: wrap; }
          .spark { display: none; } .sums th:nth-last-child(3), .sums td:nth-last-child(3) { display: none; }
          .share { display: block; min-width: 0; margin: 0; }
          .list .when-due { grid-column: 1 / -1; order: 0; }
          .door { margin-top: 24px; } .door .card { padding: 24px 16px; }
        }
        """
}
