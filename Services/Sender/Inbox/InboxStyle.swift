enum InboxStyle {
    static let css = """
        :root { color-scheme: light dark; --paper: #fbfbfa; --raised: #fff; --ink: #1d2125; --soft: #5b636b; --line: #dfe2e5;
          --accent: #1f5fbf; --accent-ink: #fff; --amber: #fff6df; }
        @media (prefers-color-scheme: dark) { :root { --paper: #15181b; --raised: #1c2024; --ink: #e6e9ec; --soft: #a0a8b0;
          --line: #32383e; --accent: #8ab4f8; --accent-ink: #10151b; --amber: #33290f; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 400 14px/20px system-ui, -apple-system, "Segoe UI",
          Roboto, sans-serif; font-variant-numeric: tabular-nums; }
        main { max-width: 1200px; margin: 0 auto; padding: 24px 24px 64px; }
        h1 { font-size: 20px; line-height: 28px; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
        a { color: var(--accent); }
        a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible, pre:focus-visible, iframe:focus-visible
          { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        .top { margin-bottom: 16px; }
        .hint, .count { color: var(--soft); margin: 0; }
        .notice { background: var(--amber); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
        .search { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-bottom: 16px; }
        .search label { font-weight: 600; }
        .search .count { margin-left: auto; }
        input { font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--soft); border-radius: 8px;
          padding: 7px 12px; min-width: 0; width: 280px; }
        .button { font: inherit; font-weight: 600; display: inline-block; color: var(--accent-ink); background: var(--accent);
          border: 1px solid var(--accent); border-radius: 8px; padding: 7px 16px; text-decoration: none; cursor: pointer; }
        .list { list-style: none; margin: 0; padding: 0; background: var(--raised); border: 1px solid var(--line);
          border-radius: 8px; }
        .list li + li { border-top: 1px solid var(--line); }
        .row { display: grid; grid-template-columns: 2fr 3fr 2fr 180px; gap: 16px; align-items: center; min-height: 40px;
          padding: 8px 16px; color: inherit; text-decoration: none; }
        .row > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        a.row:hover .subject { text-decoration: underline; }
        .row.head { color: var(--soft); font-size: 12px; font-weight: 600; min-height: 32px; padding-top: 4px; padding-bottom: 4px; }
        .subject { font-weight: 600; }
        .from, time { color: var(--soft); }
        .empty { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: 32px 24px; }
        .more { text-align: center; }
        .back { margin-bottom: 16px; }
        .facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 0 0 16px; }
        .facts dt { color: var(--soft); }
        .facts dd { margin: 0; overflow-wrap: anywhere; }
        .tabs { display: flex; flex-wrap: wrap; border-bottom: 1px solid var(--line); margin-bottom: 12px; }
        .tabs a { padding: 10px 16px; text-decoration: none; border-bottom: 2px solid transparent; }
        .tabs a[aria-current] { color: var(--ink); font-weight: 600; border-bottom-color: var(--accent); }
        .bar { margin: 0 0 12px; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; color: var(--soft); }
        .body { display: block; width: 100%; height: 75vh; min-height: 320px; border: 1px solid var(--line); border-radius: 8px;
          background: #fff; color-scheme: light; }
        .text { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 0;
          white-space: pre-wrap; overflow-wrap: anywhere; font: 400 14px/20px ui-monospace, SFMono-Regular, Menlo, monospace; }
        .source { max-height: 75vh; overflow: auto; font-size: 12px; }
        .files { list-style: none; margin: 0 0 16px; padding: 0; display: flex; flex-wrap: wrap; gap: 8px; }
        .files li { border: 1px solid var(--line); border-radius: 8px; padding: 6px 12px; background: var(--raised);
          overflow-wrap: anywhere; }
        details { margin-top: 24px; }
        summary { cursor: pointer; padding: 8px 0; }
        .wide { overflow-x: auto; }
        .headers { border-collapse: collapse; font-size: 12px; }
        .headers th { text-align: left; vertical-align: top; padding: 4px 16px 4px 0; color: var(--soft); font-weight: 600;
          white-space: nowrap; }
        .headers td { padding: 4px 0; overflow-wrap: anywhere; }
        code { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: 12px; }
        @media (max-width: 640px) {
          main { padding: 16px 16px 48px; }
          .row.head { display: none; }
          .row { grid-template-columns: 1fr; gap: 0; padding: 12px 16px; min-height: 44px; }
          .row > * { white-space: normal; overflow-wrap: anywhere; }
          .row .subject { order: -1; }
          .search label { width: 100%; }
          input { flex: 1; width: auto; padding: 11px 12px; }
          .button, .tabs a { padding-top: 11px; padding-bottom: 11px; }
          .search .count { width: 100%; }
          .facts { grid-template-columns: 1fr; gap: 0; }
          .facts dd { margin-bottom: 8px; }
        }

        """
}
