// How the report's page (report/report_page.h) looks, and its script.
#pragma once

namespace intrain {

constexpr const char* kReportStyle = R"(
:root { color-scheme: light dark; --paper: #fff; --card: #fff; --ink: #21262e; --soft: #69707a; --grid: #e4e6e9; --mark: #fdf3d8;
  --c0: #1f66b8; --c1: #d95f0e; --c2: #1b8a5a; --c3: #b3328f; --c4: #8a6d00; --c5: #6a51c2; --c6: #0f8fa8; --c7: #c2362f; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --card: #1b1f25; --ink: #e3e6ea; --soft: #9aa2ad; --grid: #313740; --mark: #453a1b;
    --c0: #6aa9f0; --c1: #f59a57; --c2: #54c795; --c3: #e17cc4; --c4: #d8b740; --c5: #a995f5; --c6: #4fc6dd; --c7: #f0807a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1320px; padding: 28px 28px 40px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 12px; padding-top: 14px; border-top: 1px solid var(--grid); overflow-wrap: anywhere; }
h3 { font-size: 15px; margin: 26px 0 4px; }
p { margin: 4px 0 12px; max-width: 120ch; }
a { color: inherit; } sup { line-height: 0; }
.soft, figcaption, th, footer { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { font-weight: 500; text-align: left; vertical-align: bottom; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--grid); }
td { vertical-align: top; }
.number { text-align: right; white-space: nowrap; }
.runs { width: 100%; }
.runs td { overflow-wrap: break-word; max-width: 300px; } .runs td:first-child { overflow-wrap: anywhere; min-width: 290px; }
.runs .soft, .settings .soft { font-size: 12px; }
.strong { font-weight: 650; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; background: var(--line); }
.problem { border-left: 3px solid var(--c1); padding: 2px 10px; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0 22px; }
.tiles div { flex: 1 1 150px; border: 1px solid var(--grid); border-radius: 8px; padding: 10px 14px; background: var(--card); }
.tiles b { display: block; font-size: 23px; font-weight: 650; line-height: 1.3; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 18px; }
figure { margin: 0; }
.charts figure { border: 1px solid var(--grid); border-radius: 8px; padding: 12px 10px 4px; background: var(--card); }
figcaption { font-size: 12.5px; }
.charts figcaption { padding: 0 6px 4px; }
figcaption b { color: var(--ink); font-size: 14px; margin-right: 6px; }
.chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--soft); }
.chart .end { text-anchor: end; } .chart .mid { text-anchor: middle; }
.chart .grid { stroke: var(--grid); } .chart .axis, .chart .rule { stroke: var(--soft); }
.chart .line { fill: none; stroke: var(--line); stroke-width: 1.8; stroke-linejoin: round; }
.chart .dashed { stroke-dasharray: 5 4; stroke-width: 1.5; }
.chart .pale .line { stroke-width: 1; opacity: .28; }
.chart circle { fill: var(--line); } .chart .hollow { fill: var(--card); stroke: var(--line); stroke-width: 1.5; }
.tip { position: fixed; display: none; pointer-events: none; padding: 6px 10px; border: 1px solid var(--grid); border-radius: 6px;
  background: var(--card); font-size: 12px; box-shadow: 0 2px 10px #0003; }
.matrix td { text-align: right; padding: 5px 6px; min-width: 46px; border: 1px solid var(--grid); }
.matrix tr > :first-child, .matrix td.rate { border: 0; border-bottom: 1px solid var(--grid); }
.matrix td.rate { min-width: 66px; }
.matrix th.turned { padding: 4px 0; height: 0; text-align: center; vertical-align: bottom; }
.turned span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 150px; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.name { max-width: 260px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.deep { color: #fff; }
.scroll { max-height: 420px; overflow: auto; }
.heat { width: 520px; max-width: 100%; image-rendering: pixelated; border: 1px solid var(--grid); }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(136px, 1fr)); gap: 14px; margin-top: 10px; }
.mistakes img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 6px; background: #0001; }
.mistakes .small { image-rendering: pixelated; }
.mistakes figcaption { margin-top: 5px; line-height: 1.35; overflow-wrap: anywhere; }
.mistakes figcaption b { font-size: 12.5px; margin: 0; }
.numbers th, .numbers td { padding: 3px 9px; }
.numbers th[colspan] { text-align: center; } .numbers tr:nth-child(2) th { text-align: right; }
.numbers .first { border-left: 1px solid var(--grid); }
.settings th, .settings td { padding: 3px 10px; }
.settings td { overflow-wrap: anywhere; white-space: pre-wrap; min-width: 130px; }
.settings .differs, .settings .differs th { background: var(--mark); color: var(--ink); }
pre { margin: 4px 0 14px; padding: 9px 12px; border: 1px solid var(--grid); border-radius: 6px; background: var(--card);
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12.5px; }
footer { margin-top: 36px; border-top: 1px solid var(--grid); padding-top: 10px; font-size: 12.5px; }
@media print {
  body { padding: 0; max-width: none; font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure, tr, pre, .tiles { break-inside: avoid; } h2, h3, .soft { break-after: avoid; } section { break-before: page; }
  .wide, .scroll { overflow: visible; max-height: none; }
  .charts { grid-template-columns: repeat(3, 1fr); gap: 8px; } .mistakes { grid-template-columns: repeat(8, 1fr); gap: 8px; } }
)";

// Names the values under the pointer; the page says all it has to say without it.
constexpr const char* kReportScript = R"(
const tip = document.body.appendChild(document.createElement('div'));
tip.className = 'tip';
const numbers = text => text.split(' ').map(Number);
for (const svg of document.querySelectorAll('.chart')) {
  const [left, right, top, bottom] = numbers(svg.dataset.box), [x0, x1, y0, y1] = numbers(svg.dataset.axes);
  const lines = [...svg.querySelectorAll('g:not(.pale)')].map(g => ({
    name: g.dataset.name, color: g.style.getPropertyValue('--line'), x: numbers(g.dataset.x), y: numbers(g.dataset.y)}));
  const rule = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
  rule.classList.add('rule');
  svg.onpointermove = event => {
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const px = (event.clientX - box.left) * scale, py = (event.clientY - box.top) * scale;
    if (px < left - 8 || px > right + 8 || !lines.length) return svg.onpointerleave();
    const x = x0 + (px - left) / (right - left) * (x1 - x0), y = y0 + (bottom - py) / (bottom - top) * (y1 - y0);
    // Of each line the point nearest in x; of many lines those nearest in y.
    const points = lines.map(l => {
      const i = l.x.reduce((best, v, at) => Math.abs(v - x) < Math.abs(l.x[best] - x) ? at : best, 0);
      return {...l, x: l.x[i], y: l.y[i]};
    }).sort((a, b) => Math.abs(a.y - y) - Math.abs(b.y - y)).slice(0, 8).sort((a, b) => b.y - a.y);
    tip.replaceChildren();
    const add = (text, color) => {
      const row = tip.appendChild(document.createElement('div'));
      if (color) {
        const swatch = row.appendChild(document.createElement('span'));
        swatch.className = 'swatch';
        swatch.style.background = color;
      }
      row.append(text);
    };
    add(`${svg.dataset.x} ${points[0].x}`);
    for (const p of points) add(`${p.name}: ${p.y}${svg.dataset.unit}`, p.color);
    tip.style.display = 'block';
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + 'px';
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + 'px';
    const at = left + (points[0].x - x0) / (x1 - x0) * (right - left);
    rule.setAttribute('d', `M${at} ${top}V${bottom}`);
  };
  svg.onpointerleave = () => { tip.style.display = 'none'; rule.setAttribute('d', ''); };
}
)";

}  // namespace intrain
