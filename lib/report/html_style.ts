/**
 * How the HTML report looks, in light and dark.
 *
 * @module
 */

/** The style sheet; it fetches nothing. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1d2329; --dim: #5b6570; --back: #fff; --panel: #f4f6f8;
  --line: #d5dbe1; --good: #1a7f37; --bad: #b42318; --unclear: #8a5a00; --one: #8a94a0;
  --two: #4a7fd4; --three: #1a7f6b; --four: #9a5fc0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e8ec; --dim: #9aa5b1; --back: #14181c; --panel: #1e242a; --line: #38414a;
    --good: #5bc47a; --bad: #ff8a7a; --unclear: #e0b050; --one: #8a94a0; --two: #79a8f0;
    --three: #4cc3a9; --four: #c593e6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--back);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; } h4 { font-size: .95rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; } .dim, figcaption, caption { color: var(--dim); }
.passed { color: var(--good); } .failed { color: var(--bad); } .inconclusive, .skipped { color: var(--unclear); }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; } th, td { padding: .15rem .75rem .15rem 0; text-align: left;
  border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; }
pre { background: var(--panel); border-left: 3px solid var(--bad); padding: .75rem;
  overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; }
figure { margin: .75rem 0; overflow-x: auto; } svg { max-width: 100%; height: auto; display: block; }
svg text { fill: var(--text); font: 12px system-ui, sans-serif; } svg .axis { stroke: var(--line); }
.c0 { fill: var(--one); } .c1 { fill: var(--two); } .c2 { fill: var(--three); }
.c3 { fill: var(--four); } summary { cursor: pointer; } a { color: inherit; }
`;
