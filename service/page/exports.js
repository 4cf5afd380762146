// An answer as a file: JSON, CSV or subtitles, the last two as `adamml classify` writes them.

/** @typedef {import("./types").Answer} Answer */

/** @type {Record<string, { type: string, write: (answer: Answer, name: string) => string }>} */
const FORMATS = {
  json: { type: "application/json", write: asJson },
  csv: { type: "text/csv", write: asCsv },
  srt: { type: "application/x-subrip", write: asSrt },
};

/** @param {Answer} answer @param {string} name of the video @param {string} format */
export function download(answer, name, format) {
  const { type, write } = FORMATS[format] ?? { type: "text/plain", write: asJson };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([write(answer, name)], { type }));
  link.download = `${name.replace(/\.[^.]*$/, "") || "answer"}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The document that the service answers with, without the line's own type. @param {Answer} answer */
export function asJson(answer) {
  return `${JSON.stringify({ ...answer, type: undefined }, null, 2)}\n`;
}

/** @param {Answer} answer @param {string} name */
export function asCsv(answer, name) {
  const rows = answer.timeline.map((range) => [
    name,
    range.start_seconds.toFixed(3),
    range.end_seconds.toFixed(3),
    range.label ?? "",
    range.index === null ? "" : String(range.index),
    range.score.toFixed(4),
  ]);
  const head = ["video", "start_seconds", "end_seconds", "label", "index", "score"];
  return [head, ...rows].map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

/** @param {string} field */
function quoted(field) {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** @param {Answer} answer */
export function asSrt(answer) {
  return answer.timeline
    .filter((range) => range.label !== null)
    .map((range, place) => {
      const span = `${moment(range.start_seconds)} --> ${moment(range.end_seconds)}`;
      return `${place + 1}\n${span}\n${range.label} (${Math.round(100 * range.score)}%)\n`;
    })
    .join("\n");
}

/** @param {number} seconds */
function moment(seconds) {
  const milliseconds = Math.round(seconds * 1000);
  const two = (/** @type {number} */ number) => String(Math.floor(number)).padStart(2, "0");
  const rest = String(milliseconds % 1000).padStart(3, "0");
  const minutes = Math.floor(milliseconds / 60_000);
  return `${two(minutes / 60)}:${two(minutes % 60)}:${two((milliseconds % 60_000) / 1000)},${rest}`;
}
