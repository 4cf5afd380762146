// Numbers and names as people read them.

/** @param {number} seconds */
export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = ((tenths % 600) / 10).toFixed(1);
  if (minutes < 60) return `${minutes}:${rest.padStart(4, "0")}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest.padStart(4, "0")}`;
}

/** @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(Math.abs(share) < 0.9995 ? 1 : 0)} %`;
}

/** Three digits that count, however large. @param {number} value */
export function digits(value) {
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 4));
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {string} name */
export function modality(name) {
  return { rgb: "RGB", flow: "Flow", audio: "Audio", policy: "Policy" }[name] ?? name;
}

/** "1 segment", "2 segments". @param {number} number @param {string} noun */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
