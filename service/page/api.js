// Calling the service. Addresses are relative to the page's own, whatever stands before it.

import { refusalOf, unreachable } from "./problems.js";
import { LineReader } from "./lines.js";

/** @typedef {import("./types").Answer} Answer */
/** @typedef {import("./types").Job} Job */
/** @typedef {import("./types").Line} Line */
/** @typedef {import("./types").Listener} Listener */
/** @typedef {import("./types").Query} Query */

let key = "";

/** Sent with each request from now on; kept by nothing but this page. @param {string} given */
export function useKey(given) {
  key = given;
}

/** @param {Record<string, string>} [others] @returns {Record<string, string>} */
function headers(others = {}) {
  return key ? { ...others, Authorization: `Bearer ${key}` } : others;
}

/** @param {object} query */
function search(query) {
  const words = Object.entries(query).filter(([, value]) => value !== undefined);
  return new URLSearchParams(words.map(([name, value]) => [name, String(value)])).toString();
}

/**
 * Upload, and hear the segments as they are decided.
 * @param {Blob} file
 * @param {Query} query
 * @param {Listener} listener
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export function classify(file, query, listener, signal) {
  const reader = new LineReader((line) => line.type === "segment" && listener.segment(line));
  const request = post(`classify?${search(query)}`, file, signal, { Accept: "application/x-ndjson" });
  request.upload.addEventListener("progress", (event) => {
    listener.uploaded(event.total ? event.loaded / event.total : 0);
  });
  let seen = 0;
  const readOn = () => {
    if (request.status !== 200) return;
    reader.push(request.responseText.slice(seen));
    seen = request.responseText.length;
  };
  request.addEventListener("progress", readOn);
  return ended(request, signal).then(() => {
    readOn();
    return reader.answer();
  });
}

/**
 * @param {Blob} file
 * @param {Query} query
 * @param {(share: number) => void} uploaded
 * @param {AbortSignal} signal
 * @returns {Promise<Job>}
 */
export function addJob(file, query, uploaded, signal) {
  const request = post(`jobs?${search(query)}`, file, signal);
  request.upload.addEventListener("progress", (event) => {
    uploaded(event.total ? event.loaded / event.total : 0);
  });
  return ended(request, signal).then(() => JSON.parse(request.responseText));
}

/**
 * XMLHttpRequest, since fetch does not tell how much of a body has been sent.
 * @param {string} address
 * @param {Blob} file
 * @param {AbortSignal} signal
 * @param {Record<string, string>} [others]
 */
function post(address, file, signal, others = {}) {
  const request = new XMLHttpRequest();
  request.open("POST", address);
  const type = /^video\//.test(file.type) ? file.type : "application/octet-stream";
  for (const [name, value] of Object.entries(headers({ "Content-Type": type, ...others }))) {
    request.setRequestHeader(name, value);
  }
  signal.addEventListener("abort", () => request.abort());
  // After the caller has said what it listens for.
  queueMicrotask(() => request.send(file));
  return request;
}

/** @param {XMLHttpRequest} request @param {AbortSignal} signal @returns {Promise<void>} */
function ended(request, signal) {
  return new Promise((resolve, reject) => {
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) return resolve();
      const wait = request.getResponseHeader("Retry-After");
      return reject(refusalOf(request.status, request.responseText, wait));
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(signal.reason));
  });
}

/**
 * @template T
 * @param {string} address
 * @param {RequestInit} [options]
 * @returns {Promise<T>}
 */
export async function ask(address, options = {}) {
  const response = await respond(address, options);
  return response.json();
}

/** @param {string} address @param {RequestInit} [options] */
export async function respond(address, options = {}) {
  let response;
  try {
    response = await fetch(address, { ...options, headers: headers() });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  throw refusalOf(response.status, await response.text(), response.headers.get("Retry-After"));
}

/**
 * The segments of a job, until it has ended; null for one that was cancelled.
 * @param {string} id
 * @param {(segment: import("./types").Segment) => void} onSegment
 * @param {AbortSignal} signal
 * @returns {Promise<Answer | null>}
 */
export async function follow(id, onSegment, signal) {
  const response = await respond(`jobs/${encodeURIComponent(id)}/segments`, { signal });
  const reader = new LineReader((line) => line.type === "segment" && onSegment(line));
  const decoder = new TextDecoder();
  const stream = response.body?.getReader();
  for (;;) {
    const { done, value } = (await stream?.read()) ?? { done: true, value: undefined };
    if (done) break;
    reader.push(decoder.decode(value, { stream: true }));
  }
  return reader.isCancelled ? null : reader.answer();
}

