/** For a screen, a phone and A4 paper; plain enough for a mail reader. */
export const STYLE = `
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1b2733; font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 40px; }
h1 { font-size: 24px; line-height: 1.2; margin: 2px 0 8px; }
h2 { font-size: 16px; margin: 26px 0 10px; padding-bottom: 4px; border-bottom: 1px solid #dde3ea; }
.product { margin: 0; color: #0b5fb8; font-weight: 600; }
.dates { font-weight: 400; white-space: nowrap; }
.other { color: #5b6878; font-weight: 400; font-size: 12px; }
.facts { margin: 0; color: #46535f; }
.facts span { display: inline-block; margin-right: 18px; }
.facts b { font-weight: 400; color: #5b6878; }
.note { margin: 10px 0 0; padding: 8px 12px; background: #fdf1d6; color: #5c3c00; border-left: 3px solid #805300; }
.hint { margin: 0 0 8px; color: #5b6878; font-size: 12px; }
.summary { margin: 0; padding-left: 20px; font-size: 15px; }
.summary li { margin: 5px 0; }
.tiles { margin: 0 -5px; font-size: 0; orphans: 1; widows: 1; }
.tile { display: inline-block; vertical-align: top; width: 196px; min-height: 118px; margin: 5px; padding: 10px 12px; border: 1px solid #dde3ea; border-radius: 8px; font-size: 12px; color: #46535f; break-inside: avoid; overflow-wrap: anywhere; }
.term .other { font-size: 11px; }
.value { margin: 3px 0; font-size: 19px; line-height: 1.25; font-weight: 600; color: #1b2733; }
.before { color: #5b6878; }
.charts { margin: 0 -6px; font-size: 0; orphans: 1; widows: 1; }
figure { margin: 0; break-inside: avoid; }
.charts figure { display: inline-block; width: 50%; padding: 6px; }
figcaption { font-size: 13px; font-weight: 600; margin-bottom: 2px; }
svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 12px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: left; vertical-align: top; border-bottom: 1px solid #e7ebf0; }
thead th { background: #eef1f5; color: #46535f; font-weight: 600; vertical-align: bottom; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
td { white-space: nowrap; }
td:first-child, td:last-child { white-space: normal; min-width: 90px; }
thead th { min-width: 56px; }
.id { color: #5b6878; font-size: 11px; white-space: nowrap; }
.whole { white-space: nowrap; }
.strips { width: auto; margin-bottom: 12px; }
.strips th { font-weight: 400; white-space: nowrap; }
.strips td { padding: 3px 8px; }
.cell { display: inline-block; width: 46px; margin: 1px; padding: 2px 0; text-align: center; border-radius: 3px; }
.s0 { background: #eef1f5; } .s1 { background: #d3e5f7; } .s2 { background: #9cc3ec; } .s3 { background: #2f7fce; color: #fff; } .s4 { background: #0b4a91; color: #fff; } .sx { background: #fff; }
dl { margin: 0; font-size: 12px; color: #46535f; }
dt { font-weight: 600; margin-top: 6px; }
dd { margin: 0; }
/* Twelve tiles fill rows of two, three and four. */
@media (min-width: 641px) {
  .tile { width: calc(33.33% - 10px); }
}
@media (min-width: 900px) {
  .tile { width: calc(25% - 10px); }
}
@media (max-width: 640px) {
  main { padding: 14px 12px 30px; }
  .tile { width: calc(50% - 10px); }
  .charts figure { width: 100%; }
  .scroll table { min-width: 640px; }
  .scroll .strips { min-width: 0; }
}
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .tile { width: calc(25% - 10px); min-height: 100px; padding: 7px 9px; font-size: 8pt; }
  .value { font-size: 12pt; }
  table { font-size: 7.5pt; }
  th, td { padding: 3px 4px; }
  .id { font-size: 6.5pt; }
  td, .id { white-space: normal; }
  td:first-child, td:last-child, thead th { min-width: 0; }
  .scroll { overflow: visible; }
  h2 { break-after: avoid; }
}
@page { size: A4; margin: 12mm; }
`;
