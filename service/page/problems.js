// Refusals, in words: what the service says, and what can be done about it.

/** @typedef {import("./types").Problem} Problem */

/** @type {Record<string, string>} */
const ADVICE = {
  overloaded: "Others are being served.",
  rate_limited: "This key has had its share for now.",
  shutting_down: "The service is being restarted.",
  upload_too_large: "As a job in the background a larger file may be taken.",
  deadline_exceeded: "As a job in the background it may take hours.",
  too_many_segments: "Look at fewer segments, or run it as a job in the background.",
  undecodable_video: "Is it complete, and does another player show it?",
  no_video_stream: "It may be a recording of sound alone.",
  unsupported_codec: "Convert it to MP4 with H.264, for example.",
  unsupported_media_type: "Choose a video file.",
  empty_upload: "Choose another file.",
  unauthorized: "This service asks for a key.",
};

/** A request that was refused, or did not arrive. */
export class Refusal extends Error {
  /** @param {Problem} problem @param {number | null} [retryAfter] seconds */
  constructor(problem, retryAfter = null) {
    super(problem.detail || problem.title);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  get advice() {
    const wait = this.retryAfter === null ? "" : `Try again in ${this.retryAfter} s.`;
    return [ADVICE[this.problem.code] ?? "", wait].filter(Boolean).join(" ");
  }
}

/** @param {string} detail */
export function unreachable(detail = "Is it running, and is the network there?") {
  const title = "The service cannot be reached";
  return new Refusal({ title, status: 0, detail, code: "unreachable", request_id: "" });
}

/**
 * Of an answer that is not a success; a proxy may have written it, in words of its own.
 * @param {number} status
 * @param {string} body
 * @param {string | null} retryAfter
 */
export function refusalOf(status, body, retryAfter) {
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  const wait = Number.isNaN(seconds) ? null : seconds;
  try {
    const problem = JSON.parse(body);
    if (typeof problem.code === "string") return new Refusal(problem, wait);
  } catch {
    // Told below.
  }
  const title = `The answer was status ${status}`;
  const detail = "It does not come from the service itself: look at what stands before it.";
  return new Refusal({ title, status, detail, code: "unknown", request_id: "" }, wait);
}
