// How the page looks, by day and by night.

extension Report {
  static let style = """
    :root { color-scheme: light dark;
      --paper:#faf9f6; --card:#ffffff; --ink:#1d2430; --soft:#66707d; --line:#e4e1da; --grid:#ebe8e1;
      --good:#1a7a49; --good-bg:#e3f3e8; --bad:#a8431c; --bad-bg:#fbe9df; --ours-bg:#e6f4f5;
      --k1:#00808f; --k2:#0a5a9c; --k3:#7a4bb5; --k4:#47a39c; --k5:#b05fa6; --k6:#3f7d4e; --l1:#7d858f; --l2:#a3a9b1; --l3:#5d646d; --l4:#bfc4ca;
      --p1:#d0632a; --p2:#b8336a; --p3:#c79a00; --p4:#6c8f2f; --p5:#8a5a3b; --p6:#e0779b; --p7:#5a6fd6; --p8:#9c8f7a; }
    @media (prefers-color-scheme: dark) { :root {
      --paper:#13161b; --card:#1a1e25; --ink:#e7e9ec; --soft:#98a2ae; --line:#2b313a; --grid:#272d36;
      --good:#63cf93; --good-bg:#163223; --bad:#f3a27c; --bad-bg:#3a2117; --ours-bg:#152c30;
      --k1:#38c6d4; --k2:#6cabf0; --k3:#b896ee; --k4:#8fdad3; --k5:#e29ad9; --k6:#86c998; --l1:#9aa3ae; --l2:#6f7883; --l3:#c0c7cf; --l4:#565e68;
      --p1:#f2955f; --p2:#ee77a5; --p3:#e8c44d; --p4:#a5cf63; --p5:#c8977a; --p6:#f5afc6; --p7:#97a5f5; --p8:#c4b9a5; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
    main { max-width: 1160px; margin: 0 auto; padding: 40px 24px 80px; }
    h1 { font-size: 30px; letter-spacing: -.02em; margin: 0 0 6px; line-height: 1.2; }
    h2 { font-size: 21px; letter-spacing: -.01em; margin: 56px 0 4px; padding-top: 8px; }
    h2 small { font-size: 12px; font-weight: 400; color: var(--soft); letter-spacing: 0; margin-left: 4px; }
    h3 { font-size: 15px; margin: 28px 0 8px; }
    p { margin: 0 0 14px; max-width: 46em; color: var(--soft); }
    p.lead { font-size: 17px; color: var(--ink); }
    a { color: var(--k1); text-decoration: none; }
    nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 22px 0 6px; padding: 12px 0; border-block: 1px solid var(--line); }
    dl { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 18px 0 0; }
    dt { font-size: 12px; color: var(--soft); }
    dd { margin: 0; }
    .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 18px; margin: 18px 0; }
    figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px 10px; }
    figcaption { font-weight: 600; margin-bottom: 6px; }
    figcaption small { font-weight: 400; color: var(--soft); margin-left: 6px; }
    svg { display: block; width: 100%; height: auto; font: 12px system-ui, "DejaVu Sans", sans-serif; }
    .grid { stroke: var(--grid); stroke-width: 1; }
    .tick, .note { fill: var(--soft); font-size: 11px; }
    .name, .value { fill: var(--ink); }
    .value { font-variant-numeric: tabular-nums; }
    polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
    polyline[class^=k] { stroke-width: 2.6; }
    polyline[class^=l] { stroke-dasharray: 5 4; }
    circle { stroke: var(--card); stroke-width: 1.2; }
    .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 3px 18px; margin: 8px 0 2px; padding: 0; font-size: 13px; }
    .legend i { display: inline-block; width: 16px; height: 4px; border-radius: 2px; margin-right: 7px; vertical-align: 3px; }
    .legend small { color: var(--soft); margin-left: 6px; }
    .wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 14px 0; }
    table { border-collapse: collapse; width: 100%; font-size: 14px; }
    th, td { padding: 7px 14px; text-align: left; border-top: 1px solid var(--line); vertical-align: top; }
    thead th { border-top: 0; font-size: 12.5px; color: var(--soft); font-weight: 600; }
    tbody th { font-weight: 500; white-space: nowrap; }
    .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    td small { display: block; color: var(--soft); font-size: 11.5px; }
    td.none { color: var(--line); }
    tr.ours { background: var(--ours-bg); }
    tr.ours th { font-weight: 650; }
    tr.limit th { color: var(--soft); }
    table.goals th, table.goals td { padding-block: 5px; vertical-align: baseline; }
    table.goals td small { display: inline; margin-left: 6px; }
    table.goals tbody th { white-space: normal; }
    tr.part th { font-size: 12.5px; color: var(--soft); font-weight: 600; background: var(--paper); }
    .met { color: var(--good); } .missed { color: var(--bad); }
    .pill { display: inline-block; white-space: nowrap; border-radius: 99px; padding: 1px 10px; font-size: 12.5px; font-weight: 600; }
    .pill.met { background: var(--good-bg); } .pill.missed { background: var(--bad-bg); }
    .warn { background: var(--bad-bg); color: var(--bad); border-radius: 10px; padding: 10px 16px; max-width: none; }
    .omitted { font-size: 13.5px; color: var(--soft); padding-left: 18px; }
    footer { margin-top: 60px; color: var(--soft); font-size: 13px; }
    @media print { main { max-width: none; padding: 0; } figure, .wide { break-inside: avoid; } }

    """ + series

  /// Lines, dots, bars and legends of one series have one colour.
  private static let series =
    (["k", "l"].flatMap { family in (1...(family == "k" ? 6 : 4)).map { "\(family)\($0)" } } + (1...8).map { "p\($0)" }).map {
      "polyline.\($0){stroke:var(--\($0))} circle.\($0),rect.\($0){fill:var(--\($0))} i.\($0){background:var(--\($0))}\n"
    }.joined()
}
